#!/usr/bin/env bash
# Makes a cluster from configs/kind.yaml, waits for its pods, and says what to type next. Usage: lab.sh NAME
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
name=${1:-lab}
if bin/klab get clusters 2>/dev/null | grep -qx "$name"; then
  echo "==> the cluster $name is there already"
else
  bin/klab create cluster --config configs/kind.yaml --name "$name" --wait 5m
fi
mkdir -p dist/bin
[ -x dist/bin/kubectl ] || { bin/klab exec "$name-control-plane" -- cat /usr/bin/kubectl >dist/bin/kubectl && chmod +x dist/bin/kubectl; }
kubectl() { bin/klab exec "$name-control-plane" -- kubectl "$@"; }
echo "==> waiting for the pods of kube-system and local-path-storage"
for namespace in kube-system local-path-storage; do
  kubectl -n "$namespace" wait --for=condition=Ready pods --all --timeout=180s >/dev/null
done
kubectl get nodes -o wide
kubectl get pods -A -o wide
cat <<EOF

The cluster $name runs. What to type next:
  export PATH=$PWD/dist/bin:$PWD/bin:\$PATH         # kubectl of the cluster's version, and klab
  kubectl --context klab-$name get nodes
  kubectl --context klab-$name create deployment web --image=docker.io/library/busybox:1.37 -- httpd -f -p 80
  klab exec $name-worker -- journalctl -fu kubelet     # watch a kubelet decide
  klab exec $name-worker -- crictl ps
  klab delete cluster --name $name
EOF
