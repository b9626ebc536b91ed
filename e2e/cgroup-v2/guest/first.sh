#!/bin/bash
# The guest's first process until systemd is: makes a machine of the node image's files, with the checks as a service.
# $klab_driver, $klab_checks and $klab_out come from the kernel's command line.
set -o errexit -o nounset

mkdir -p /out
mount -t hostfs -o "$klab_out" none /out
[ "$klab_driver" = systemd ] && sed -i 's/SystemdCgroup = false/SystemdCgroup = true/' /etc/containerd/config.toml
cp /out/kubelet.cjs /usr/lib/klab/kubelet.cjs
cp /kind/systemd/kubelet.service /etc/systemd/system/
echo cgroup-guest > /etc/hostname
echo '127.0.0.1 localhost cgroup-guest' > /etc/hosts
echo 'KUBELET_EXTRA_ARGS=--kubeconfig= --bootstrap-kubeconfig=' > /etc/default/kubelet

# Whatever the checks say, the machine ends itself.
cat > /etc/systemd/system/checks.service <<UNIT
[Unit]
After=containerd.service
Wants=containerd.service
[Service]
Type=oneshot
Environment=KLAB_DRIVER=$klab_driver NODE_NO_WARNINGS=1
StandardOutput=append:/out/checks.log
StandardError=append:/out/checks.log
ExecStart=/bin/bash -c '/usr/lib/klab/bin/node --test-reporter=spec --test-reporter-destination=stdout --test-reporter=junit --test-reporter-destination=/out/junit.xml /repo/e2e/cgroup-v2/guest/$klab_checks; echo \$? > /out/exit-code'
ExecStopPost=/bin/bash -c 'journalctl -b -o short-monotonic --no-pager > /out/journal.log; sync; systemctl poweroff -ff'
UNIT
ln -sf ../checks.service /etc/systemd/system/multi-user.target.wants/checks.service
exec /sbin/init
