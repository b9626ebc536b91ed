import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { FileTree } from '../base/file-tree.ts';
import { renderNode } from './node-files.ts';
import { aNode, anInput, aPki } from './testing.ts';

const controlPlane = 'lab-control-plane';
const textOf = (tree: FileTree, path: string): string => {
  const file = tree.get(path);
  if (file === undefined || !('text' in file)) throw new Error(`there is no file ${path}`);
  return file.text;
};

describe.each(['control-plane', 'worker'])('a %s, as it lies in testdata', (role) => {
  const tree = renderNode(anInput(), aPki(), `lab-${role}`);

  test('has these files', async () => {
    const lines = [...tree].map(([path, file]) =>
      'linkTo' in file ? `link ${path} -> ${file.linkTo}` : `${file.mode.toString(8).padStart(4, '0')} ${path}`,
    );
    await expect(`${lines.sort().join('\n')}\n`).toMatchFileSnapshot(`testdata/${role}/files.txt`);
  });

  const readable = [...tree.keys()].filter((path) => /\.(yaml|conf|env)$/.test(path));
  test.each(readable)('%s', async (path) => {
    await expect(textOf(tree, path)).toMatchFileSnapshot(`testdata/${role}${path}`);
  });
});

describe('a patched control plane', () => {
  const manifest = (name: string, ...kubeadmConfigPatches: readonly string[]) =>
    parse(
      textOf(
        renderNode(anInput({ kubeadmConfigPatches }), aPki(), controlPlane),
        `/etc/kubernetes/manifests/${name}.yaml`,
      ),
    );

  test('extra arguments replace those of the same name and come last', () => {
    const patch =
      'kind: ClusterConfiguration\nscheduler: {extraArgs: [{name: v, value: "4"}, {name: leader-elect, value: "false"}]}';
    expect(manifest('kube-scheduler', patch).spec.containers[0].command).toEqual([
      'kube-scheduler',
      '--authentication-kubeconfig=/etc/kubernetes/scheduler.conf',
      '--authorization-kubeconfig=/etc/kubernetes/scheduler.conf',
      '--bind-address=127.0.0.1',
      '--kubeconfig=/etc/kubernetes/scheduler.conf',
      '--v=4',
      '--leader-elect=false',
    ]);
  });

  test('extra volumes and environment', () => {
    const patch = `
kind: ClusterConfiguration
apiServer:
  extraEnvs: [{name: A, value: b}]
  extraVolumes: [{name: audit, hostPath: /on/node, mountPath: /in/pod, readOnly: true, pathType: File}]
`;
    const { spec } = manifest('kube-apiserver', patch);
    expect(spec.containers[0].env).toEqual([{ name: 'A', value: 'b' }]);
    expect(spec.volumes[0]).toEqual({ name: 'audit', hostPath: { path: '/on/node', type: 'File' } });
    expect(spec.containers[0].volumeMounts[0]).toEqual({ name: 'audit', mountPath: '/in/pod', readOnly: true });
  });

  test('images, ports and probes follow', () => {
    const cluster =
      'kind: ClusterConfiguration\nimageRepository: r.example\netcd: {local: {imageTag: x, extraArgs: [{name: listen-metrics-urls, value: "https://0.0.0.0:9999"}]}}';
    const init =
      'kind: InitConfiguration\nlocalAPIEndpoint: {bindPort: 7443}\ntimeouts: {controlPlaneComponentHealthCheck: 95s}';
    const [etcd] = manifest('etcd', cluster, init).spec.containers;
    expect(etcd.image).toBe('r.example/etcd:x');
    expect(etcd.livenessProbe.httpGet).toMatchObject({ host: '0.0.0.0', scheme: 'HTTPS' });
    expect(etcd.ports[0].containerPort).toBe(9999);
    const [server] = manifest('kube-apiserver', cluster, init).spec.containers;
    expect(server.image).toBe('r.example/kube-apiserver:v1.37.2');
    expect(server.command).toContain('--secure-port=7443');
    expect(server.startupProbe.failureThreshold).toBe(10);
  });

  test('a component that listens everywhere is asked at its own address', () => {
    const patch = 'kind: ClusterConfiguration\nscheduler: {extraArgs: [{name: bind-address, value: 0.0.0.0}]}';
    expect(manifest('kube-scheduler', patch).spec.containers[0].livenessProbe.httpGet).not.toHaveProperty('host');
  });

  test.each([
    [
      'the modes that the user names',
      [{ name: 'authorization-mode', value: 'Node,RBAC,Webhook' }],
      ['--authorization-mode=Node,RBAC,Webhook'],
    ],
    ['a file replaces the flag', [{ name: 'authorization-config', value: '/a' }], []],
    ['without a word, Node and RBAC', [], ['--authorization-mode=Node,RBAC']],
  ])('authorization: %s', (_name, extraArgs, want) => {
    const patch = JSON.stringify({ kind: 'ClusterConfiguration', apiServer: { extraArgs } });
    const command: readonly string[] = manifest('kube-apiserver', patch).spec.containers[0].command;
    expect(command.filter((argument) => argument.startsWith('--authorization-mode'))).toEqual(want);
  });
});

test("a worker's taints are registered, with its labels", () => {
  const own = aNode('lab-worker', 'worker', {
    labels: { tier: 'one' },
    kubeadmConfigPatches: [
      'kind: JoinConfiguration\nnodeRegistration: {taints: [{key: a, value: b, effect: NoSchedule}]}',
    ],
  });
  const tree = renderNode(anInput({ nodes: [aNode(controlPlane, 'control-plane'), own] }), aPki(), 'lab-worker');
  expect(textOf(tree, '/var/lib/kubelet/kubeadm-flags.env')).toBe(
    'KUBELET_KUBEADM_ARGS="--register-with-taints=a=b:NoSchedule --node-ip=172.18.0.3 --node-labels=tier=one --provider-id=klab://docker/lab/lab-worker"\n',
  );
});

test('a node that the cluster does not have', () => {
  expect(() => renderNode(anInput(), aPki(), 'other')).toThrow(expect.objectContaining({ code: 'NODE_UNKNOWN' }));
});
