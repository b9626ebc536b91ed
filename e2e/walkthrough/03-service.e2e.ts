import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

let cluster: Cluster;
let node = '';
const shell = (script: string) => cluster.onNode(node, ['sh', '-c', script]);
beforeAll(async () => {
  cluster = await useCluster('noCni');
  node = `${cluster.name}-worker2`;
});
afterAll(() => shell('rm -f /etc/default/kubelet && systemctl restart kubelet'));

/** Every container's ID, start and restart count, as the runtime has them. */
async function containers(): Promise<unknown> {
  const { containers } = JSON.parse(await shell('crictl ps -a -o json')) as {
    containers: { id: string; createdAt: string; state: string; metadata: { name: string; attempt: number } }[];
  };
  return containers.map(({ id, createdAt, state, metadata }) => ({ id, createdAt, state, metadata }));
}

/** Lines of the kubelet's log that this start of its service wrote. */
const linesOfThisStart = () =>
  shell(
    'journalctl -u kubelet --no-pager -o cat _SYSTEMD_INVOCATION_ID=$(systemctl show -p InvocationID --value kubelet)',
  );

describe('the kubelet as a service of the node', () => {
  test('systemctl cat kubelet shows the unit and kubeadm’s drop-in', async () => {
    const text = await shell('systemctl cat kubelet');
    const parts = ['# /kind/systemd/kubelet.service', '# /etc/systemd/system/kubelet.service.d/10-kubeadm.conf'];
    expect(parts.map((part) => text.indexOf(part) >= 0)).toEqual([true, true]);
    expect(text.indexOf(parts[0] ?? '')).toBeLessThan(text.indexOf(parts[1] ?? ''));
    for (const piece of [
      'KUBELET_KUBECONFIG_ARGS=',
      'KUBELET_CONFIG_ARGS=',
      'EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env',
      'EnvironmentFile=-/etc/default/kubelet',
      '$KUBELET_EXTRA_ARGS',
    ]) {
      expect(text).toContain(piece);
    }
  });

  test('more log lines at -v 3, and every container stays as it is', async () => {
    await eventually('kube-proxy', async () =>
      (await shell('crictl ps -q --name kube-proxy')) === '' ? undefined : 1,
    );
    const before = await containers();
    await shell('systemctl restart kubelet');
    const registered = () =>
      eventually('a registered node', async () =>
        (await linesOfThisStart()).includes('Node was previously registered') ? true : undefined,
      );
    await registered();
    const quiet = await linesOfThisStart();

    await shell("echo 'KUBELET_EXTRA_ARGS=--fail-swap-on=false -v 3' >/etc/default/kubelet");
    await shell('systemctl daemon-reload && systemctl restart kubelet');
    await registered();
    await eventually('the sync loop’s lines', async () =>
      /SyncLoop ADD/.test(await linesOfThisStart()) ? true : undefined,
    );
    const loud = await linesOfThisStart();

    expect(quiet).not.toContain('SyncLoop ADD');
    expect(loud).toMatch(/^I\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ [\w.-]+:\d+\] "SyncLoop ADD" source="api" pods=\[/m);
    expect(loud).toMatch(/"SyncLoop \(PLEG\): event for pod" pod="kube-system\/kube-proxy-/);
    expect(await containers()).toEqual(before);
  });

  test('a flag nobody knows is an error that suggests the right one', async () => {
    const { stdout, stderr, exitCode } = await cluster.tryOnNode(node, ['/usr/bin/kubelet', '--node-lable=a=b']);
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toMatch(/--node-lable[\s\S]*--node-labels/);
  });

  test('the line of the notes, with flags that are no more, does not stop the kubelet', async () => {
    await shell(
      `echo 'KUBELET_EXTRA_ARGS="--allowed-unsafe-sysctls=kernel.shm*,kernel.msg*,kernel.sem,fs.mqueue.*,net.* --log-dir=/var/log --logtostderr=false --cni-bin-dir=/opt/cni/bin --cni-conf-dir=/etc/cni/net.d --network-plugin=cni --pod-infra-container-image=registry.k8s.io/pause:3.10 -v=4"' >/etc/default/kubelet`,
    );
    await shell('systemctl restart kubelet');
    await eventually('a registered node', async () =>
      /previously registered/.test(await linesOfThisStart()) ? true : undefined,
    );
    const log = await linesOfThisStart();
    for (const flag of ['--network-plugin', '--cni-bin-dir', '--cni-conf-dir']) expect(log).toContain(flag);
    expect(await shell('systemctl is-active kubelet')).toBe('active');
  });
});

describe('joining', () => {
  test('the client certificate came by an approved request, and is where kubeadm looks', async () => {
    const csrs = await cluster.kubectl(['get', 'csr', '--no-headers']);
    const requests = csrs.split('\n').filter((line) => line.includes('kube-apiserver-client-kubelet'));
    expect(requests.length).toBeGreaterThanOrEqual(2);
    for (const line of requests) expect(line).toMatch(/system:bootstrap:\w{6}.*Approved,Issued$/);
    expect(await shell('readlink -f /var/lib/kubelet/pki/kubelet-client-current.pem')).toMatch(
      /kubelet-client-\d{4}(-\d\d){5}\.pem$/,
    );
    expect(await shell('openssl x509 -in /var/lib/kubelet/pki/kubelet-client-current.pem -noout -subject')).toMatch(
      new RegExp(`O ?= ?system:nodes, ?CN ?= ?system:node:${node}`),
    );
  });

  test('/kind/kubeadm.conf is the configuration in force', async () => {
    const text = await shell('cat /kind/kubeadm.conf');
    for (const piece of [
      'criSocket: unix:///run/containerd/containerd.sock',
      'kubeletExtraArgs:',
      'podSubnet: 10.244.0.0/16',
      'serviceSubnet: 10.96.0.0/16',
      'kind: JoinConfiguration',
      'kind: KubeletConfiguration',
    ]) {
      expect(text).toContain(piece);
    }
  });

  test('kubeadm itself makes a working join command', async () => {
    const line = await cluster.onNode(`${cluster.name}-control-plane`, [
      'kubeadm',
      'token',
      'create',
      '--print-join-command',
    ]);
    expect(line.trim()).toMatch(
      /^kubeadm join \S+:6443 --token \w{6}\.\w{16} --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}$/,
    );
  });
});
