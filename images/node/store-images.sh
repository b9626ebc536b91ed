#!/bin/bash
# Runs in a container of the `binaries` stage: imports an OCI archive from standard input into containerd and stores the
# result in the container's own root file system, so that it becomes a layer of the node image.
#
# /var is a volume in every node and is filled by copying what the image holds there, so little may lie in it. The
# unpacked files of the images are therefore stored under /usr/lib/klab/images, and /var/lib/containerd only links to
# them: a snapshot is read only once it is committed, and a lower layer may lie on any file system.
set -o errexit -o nounset -o pipefail

state=/var/lib/containerd
snapshots=io.containerd.snapshotter.v1.overlayfs/snapshots
store=/usr/lib/klab/images
# Small images are really copied into /var, because a pod with a user namespace needs layers that can be id-mapped.
copy_below_kib=8192

mountpoint -q /var || mountpoint -q $state || { echo "$state needs to be a volume here: layers cannot be unpacked onto Docker's own" >&2; exit 1; }

containerd --log-level error >/tmp/containerd.log 2>&1 &
containerd=$!
for _ in $(seq 100); do ctr version >/dev/null 2>&1 && break; sleep 0.1; done

ctr --namespace k8s.io images import --digests=false - >/tmp/import.log 2>&1 || { tail -5 /tmp/import.log /tmp/containerd.log >&2; exit 1; }
for name in $(ctr --namespace k8s.io images list --quiet); do
  ctr --namespace k8s.io images label "$name" io.cri-containerd.image=managed >/dev/null
done
ctr --namespace k8s.io images label "$1" io.cri-containerd.pinned=pinned >/dev/null
# What is unpacked needs no second copy.
ctr --namespace k8s.io content prune references >/dev/null 2>&1
ctr --namespace k8s.io images list --quiet
kill $containerd && wait $containerd || true

# The root file system without the volumes that are mounted on it.
mkdir -p /mnt/root && mount --bind / /mnt/root
root=/mnt/root
mkdir -p $root$store $root$state
(cd $state && tar -c --exclude="./$snapshots/*/fs/*" --exclude=./tmpmounts --exclude='./*.sock' .) | tar -xp -C $root$state
for snapshot in "$state/$snapshots"/*; do
  id=$(basename "$snapshot")
  stored=$root$state/$snapshots/$id/fs
  if [ "$(du -sk "$snapshot/fs" | cut -f1)" -lt $copy_below_kib ]; then
    cp -a "$snapshot/fs/." "$stored/"
  else
    cp -a "$snapshot/fs" "$root$store/$id"
    rmdir "$stored" && ln -s "$store/$id" "$stored"
  fi
done
umount /mnt/root && rmdir /mnt/root
