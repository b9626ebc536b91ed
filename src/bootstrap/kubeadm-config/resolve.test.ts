import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { aNode, anInput } from '../testing.ts';
import { checkKubeadmConfig, resolveConfig, resolveSharedKubelet } from './resolve.ts';

const controlPlane = 'lab-control-plane';
const documentsOf = (text: string): readonly unknown[] => parseAllDocuments(text).map((document) => document.toJS());

test('/kind/kubeadm.conf says all that the node was made from', () => {
  const { text } = resolveConfig(anInput(), 'lab-worker', 'sha256:abc');
  expect(documentsOf(text)).toMatchObject([
    { kind: 'ClusterConfiguration', clusterName: 'lab', controlPlaneEndpoint: '172.18.0.2:6443' },
    { kind: 'InitConfiguration', bootstrapTokens: [{ token: 'abcdef.0123456789abcdef' }] },
    {
      kind: 'JoinConfiguration',
      discovery: { bootstrapToken: { apiServerEndpoint: '172.18.0.2:6443', caCertHashes: ['sha256:abc'] } },
      nodeRegistration: {
        kubeletExtraArgs: [
          { name: 'node-ip', value: '172.18.0.3' },
          { name: 'provider-id', value: 'klab://docker/lab/lab-worker' },
        ],
      },
    },
    { kind: 'KubeletConfiguration', cgroupRoot: '/kubelet', failSwapOn: false },
    { kind: 'KubeProxyConfiguration', mode: 'iptables' },
  ]);
  expect(text).not.toContain('unsafeSkipCAVerification');
});

test('without kube-proxy there is no KubeProxyConfiguration', () => {
  const { networking } = anInput().cluster;
  const input = anInput({ networking: { ...networking, kubeProxyMode: 'none' } });
  expect(resolveConfig(input, controlPlane).text).not.toContain('KubeProxyConfiguration');
});

test('feature gates go to every component, runtime config to the API server, labels to the kubelet', () => {
  const input = anInput({
    featureGates: { A: true, B: false },
    runtimeConfig: { 'api/all': 'true', 'api/alpha': 'false' },
    nodes: [aNode(controlPlane, 'control-plane', { labels: { tier: 'one', zone: 'a' } })],
  });
  const { cluster, registration, kubelet, kubeProxy } = resolveConfig(input, controlPlane);
  const gates = { name: 'feature-gates', value: 'A=true,B=false' };
  expect(cluster.apiServer.extraArgs).toEqual([
    { name: 'runtime-config', value: 'api/all=true,api/alpha=false' },
    gates,
  ]);
  expect(cluster.controllerManager.extraArgs).toContainEqual(gates);
  expect(cluster.scheduler.extraArgs).toEqual([gates]);
  expect(kubelet.featureGates).toEqual({ A: true, B: false });
  expect(kubeProxy.featureGates).toEqual({ A: true, B: false });
  expect(registration.kubeletExtraArgs).toContainEqual({ name: 'node-labels', value: 'tier=one,zone=a' });
});

describe('patches', () => {
  const patched = (patch: string, node = controlPlane) =>
    resolveConfig(anInput({ kubeadmConfigPatches: [patch] }), node);

  test('a merge patch changes its kind', () => {
    expect(patched('kind: ClusterConfiguration\nclusterName: other').cluster.clusterName).toBe('other');
  });

  test("the node's own come after the cluster's, and only for it", () => {
    const own = aNode('lab-worker', 'worker', { kubeadmConfigPatches: ['kind: KubeletConfiguration\nmaxPods: 7'] });
    const input = anInput({
      nodes: [aNode(controlPlane, 'control-plane'), own],
      kubeadmConfigPatches: ['kind: KubeletConfiguration\nmaxPods: 50\nserializeImagePulls: false'],
    });
    expect(resolveConfig(input, controlPlane).kubelet).toMatchObject({ maxPods: 50, serializeImagePulls: false });
    expect(resolveConfig(input, 'lab-worker').kubelet).toMatchObject({ maxPods: 7, serializeImagePulls: false });
  });

  test("a node's own kubelet settings are not handed to those who join later", () => {
    const own = aNode(controlPlane, 'control-plane', {
      kubeadmConfigPatches: ['kind: KubeletConfiguration\nmaxPods: 7'],
    });
    expect(resolveSharedKubelet(anInput({ nodes: [own] }))).not.toHaveProperty('maxPods');
  });

  test('InitConfiguration is for the first control plane, JoinConfiguration for the others', () => {
    const init = 'kind: InitConfiguration\nnodeRegistration: {taints: []}';
    const join = 'kind: JoinConfiguration\nnodeRegistration: {taints: [{key: a, effect: NoSchedule}]}';
    const input = anInput({ kubeadmConfigPatches: [init, join] });
    expect(resolveConfig(input, controlPlane).registration.taints).toEqual([]);
    expect(resolveConfig(input, 'lab-worker').registration.taints).toEqual([{ key: 'a', effect: 'NoSchedule' }]);
  });

  test('v1beta3 adds to the arguments, also when only the map gives it away', () => {
    for (const head of ['apiVersion: kubeadm.k8s.io/v1beta3\n', '']) {
      const { cluster } = patched(`${head}kind: ClusterConfiguration\napiServer: {extraArgs: {v: "4"}}`);
      expect(cluster.apiServer.extraArgs).toEqual([
        { name: 'runtime-config', value: '' },
        { name: 'v', value: '4' },
      ]);
    }
    const { registration } = patched('kind: InitConfiguration\nnodeRegistration: {kubeletExtraArgs: {v: "4"}}');
    expect(registration.kubeletExtraArgs.map((arg) => arg.name)).toEqual(['node-ip', 'provider-id', 'v']);
  });

  test('a patch for another version is left out', () => {
    const { cluster } = patched('apiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\nclusterName: old');
    expect(cluster.clusterName).toBe('lab');
  });

  test('JSON6902 comes after the merge patches', () => {
    const input = anInput({
      kubeadmConfigPatches: ['kind: ClusterConfiguration\nclusterName: merged'],
      kubeadmConfigPatchesJSON6902: [
        {
          group: 'kubeadm.k8s.io',
          version: 'v1beta4',
          kind: 'ClusterConfiguration',
          patch:
            '- {op: test, path: /clusterName, value: merged}\n- {op: replace, path: /clusterName, value: replaced}\n- {op: add, path: /apiServer/certSANs/-, value: my-hostname}',
        },
        {
          group: 'kubeadm.k8s.io',
          version: 'v1beta3',
          kind: 'ClusterConfiguration',
          patch: '- {op: add, path: /apiServer/extraArgs/v, value: "2"}',
        },
      ],
    });
    const { cluster } = resolveConfig(input, controlPlane);
    expect(cluster.clusterName).toBe('replaced');
    expect(cluster.apiServer.certSANs).toEqual(['localhost', '127.0.0.1', 'my-hostname']);
    expect(cluster.apiServer.extraArgs).toContainEqual({ name: 'v', value: '2' });
  });

  test('a patch for a kubeadm command that klab does not run is right, and changes nothing', () => {
    expect(patched('kind: ResetConfiguration\nforce: true').text).toBe(resolveConfig(anInput(), controlPlane).text);
  });

  test('what is only in the file, a comment or an empty value, does no harm', () => {
    expect(patched('# nothing').cluster.clusterName).toBe('lab');
    expect(patched('kind: ClusterConfiguration\napiServer:\n  extraArgs:').cluster.apiServer.extraArgs).toEqual([]);
  });
});

test('patches are checked for every node before there are addresses', () => {
  const good = anInput().cluster;
  expect(() => checkKubeadmConfig(good, 'v1.37.2')).not.toThrow();
  const bad = aNode('lab-worker', 'worker', { kubeadmConfigPatches: ['kind: JoinConfiguration\ncaCertPath: [a]'] });
  const { cluster } = anInput({ nodes: [aNode(controlPlane, 'control-plane'), bad] });
  expect(() => checkKubeadmConfig(cluster, 'v1.37.2')).toThrow(
    expect.objectContaining({
      code: 'KUBEADM_CONFIG_INVALID',
      message: expect.stringContaining("lab-worker's JoinConfiguration"),
    }),
  );
});

describe('patches that cannot be', () => {
  test.each([
    ['not YAML', 'kind: [', 'KUBEADM_PATCH_MALFORMED', 'kubeadmConfigPatches[1]: the patch is not valid YAML'],
    ['a list', '- a', 'KUBEADM_PATCH_MALFORMED', 'is not a YAML map'],
    ['no kind', 'clusterName: a', 'KUBEADM_PATCH_MALFORMED', 'does not say its kind'],
    ['an unknown kind', 'kind: ClusterConfig', 'KUBEADM_PATCH_MATCHES_NOTHING', 'there is no ClusterConfig to patch'],
    ['an unknown field', 'kind: ClusterConfiguration\nclustrName: a', 'KUBEADM_CONFIG_INVALID', 'clustrName'],
    ['a wrong type', 'kind: ClusterConfiguration\nclusterName: [a]', 'KUBEADM_CONFIG_INVALID', 'clusterName'],
    [
      'a bad duration',
      'kind: ClusterConfiguration\ncertificateValidityPeriod: soon',
      'KUBEADM_CONFIG_INVALID',
      'is not a duration',
    ],
    [
      'external etcd',
      'kind: ClusterConfiguration\netcd: {external: {}}',
      'KUBEADM_SETTING_UNSUPPORTED',
      'etcd.external',
    ],
    [
      'another name',
      'kind: InitConfiguration\nnodeRegistration: {name: a}',
      'KUBEADM_SETTING_UNSUPPORTED',
      'nodeRegistration.name',
    ],
  ])('%s', (_name, patch, code, message) => {
    expect(() => resolveConfig(anInput({ kubeadmConfigPatches: [patch] }), controlPlane)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test('an operation that does not apply names the node and the patch', () => {
    const patch = {
      group: 'kubeadm.k8s.io',
      version: 'v1beta4',
      kind: 'InitConfiguration',
      patch: '- {op: remove, path: /nope}',
    };
    const own = aNode('lab-worker', 'worker', { kubeadmConfigPatchesJSON6902: [patch] });
    const input = anInput({ nodes: [aNode(controlPlane, 'control-plane'), own] });
    expect(() => resolveConfig(input, 'lab-worker')).toThrow(
      expect.objectContaining({
        code: 'KUBEADM_PATCH_FAILS',
        message: expect.stringContaining('nodes[1].kubeadmConfigPatchesJSON6902[0]: operation 1 (remove /nope)'),
      }),
    );
  });
});

test.each([
  ['10.96.0.0/16', '10.96.0.10'],
  ['10.0.7.128/25', '10.0.7.138'],
  ['10.96.3.4/16', '10.96.0.10'],
])('cluster DNS of %s is %s', (serviceSubnet, address) => {
  const { networking } = anInput().cluster;
  const { kubelet } = resolveConfig(anInput({ networking: { ...networking, serviceSubnet } }), controlPlane);
  expect(kubelet.clusterDNS).toEqual([address]);
});
