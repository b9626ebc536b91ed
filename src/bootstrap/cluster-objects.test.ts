import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ClusterConfig } from '../config/model.ts';
import { renderAdminKubeconfig, renderSuperAdminKubeconfig } from './admin-kubeconfig.ts';
import { renderClusterObjects } from './cluster-objects.ts';
import { newBootstrapToken } from './join/bootstrap-tokens.ts';
import { renderNodeMarks } from './node-marks.ts';
import { aNode, anInput, aPki } from './testing.ts';
import { toYaml } from './yaml.ts';

const groupsOf = (changes: Partial<ClusterConfig> = {}) => renderClusterObjects(anInput(changes), aPki());
const namesOf = (changes: Partial<ClusterConfig> = {}) =>
  groupsOf(changes).flatMap((group) => group.objects.map((object) => `${object.kind} ${object.metadata?.name}`));
const { networking } = anInput().cluster;

test.each(groupsOf().map((group) => [group.name, group] as const))(
  'the group "%s", as it lies in testdata',
  async (name, group) => {
    await expect(group.objects.map(toYaml).join('---\n')).toMatchFileSnapshot(
      `testdata/objects/${name.replaceAll(' ', '-')}.yaml`,
    );
  },
);

test('accounts and settings come before what runs with them', () => {
  const [join, settings, addons] = groupsOf();
  expect(join?.objects.some((object) => object.kind === 'Namespace')).toBe(true);
  expect(settings?.objects.filter((object) => object.kind === 'ServiceAccount')).toHaveLength(4);
  expect(addons?.objects.map((object) => object.kind)).toEqual(['DaemonSet', 'DaemonSet', 'Deployment', 'Deployment']);
});

describe('what the configuration leaves out', () => {
  test.each([
    [
      'kube-proxy, when there is no mode for it',
      { networking: { ...networking, kubeProxyMode: 'none' } },
      'DaemonSet kube-proxy',
    ],
    [
      'kube-proxy, when kubeadm is told so',
      { kubeadmConfigPatches: ['kind: ClusterConfiguration\nproxy: {disabled: true}'] },
      'DaemonSet kube-proxy',
    ],
    [
      'CoreDNS, when kubeadm is told so',
      { kubeadmConfigPatches: ['kind: ClusterConfiguration\ndns: {disabled: true}'] },
      'Deployment coredns',
    ],
    [
      'the default network, when the CNI is left out',
      { networking: { ...networking, cni: { kind: 'none' } } },
      'DaemonSet klab-net',
    ],
    [
      'the default network, when it is Calico',
      { networking: { ...networking, cni: { kind: 'calico' } } },
      'DaemonSet klab-net',
    ],
  ] as const)('%s', (_name, changes, left) => {
    expect(namesOf()).toContain(left);
    expect(namesOf(changes)).not.toContain(left);
  });
});

test('what depends on the cluster is replaced in the manifests', () => {
  const patch =
    'kind: ClusterConfiguration\nimageRepository: r.example\nnetworking: {serviceSubnet: 10.0.7.0/24, dnsDomain: lab.test, podSubnet: 10.1.0.0/16}';
  const text = groupsOf({ kubeadmConfigPatches: [patch] })
    .flatMap((group) => group.objects.map(toYaml))
    .join('---\n');
  expect(text).toContain('image: r.example/coredns:v1.14.6');
  expect(text).toContain('image: r.example/kube-proxy:v1.37.2');
  expect(text).toContain('clusterIP: 10.0.7.10');
  expect(text).toContain('kubernetes lab.test in-addr.arpa');
  expect(text).toContain('clusterCIDR: 10.1.0.0/16');
  expect(text).toMatch(/name: POD_SUBNET\n\s+value: 10.1.0.0\/16/);
  expect(text).toMatch(/name: KLAB_API_SERVER\n\s+value: https:\/\/172.18.0.2:6443/);
});

test('a token that lives for ever has no expiration', () => {
  const patch = 'kind: InitConfiguration\nbootstrapTokens: [{token: zzzzzz.0123456789abcdef, ttl: 0s}]';
  const secrets = groupsOf({ kubeadmConfigPatches: [patch] })
    .flatMap((group) => group.objects)
    .filter((object) => object.kind === 'Secret');
  expect(secrets).toHaveLength(1);
  expect(secrets[0]).not.toHaveProperty('data.expiration');
  expect(secrets[0]?.metadata?.name).toBe('bootstrap-token-zzzzzz');
});

test('tokens are random and have the form kubeadm asks for', () => {
  expect(newBootstrapToken()).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  expect(newBootstrapToken()).not.toBe(newBootstrapToken());
});

test('the kubeconfigs of user and creator differ in their certificate only', () => {
  const render = (f: typeof renderAdminKubeconfig) => parse(f(anInput(), aPki(), 'https://127.0.0.1:41234'));
  const admin = render(renderAdminKubeconfig);
  expect(admin).toMatchObject({
    'current-context': 'klab-lab',
    clusters: [{ name: 'klab-lab', cluster: { server: 'https://127.0.0.1:41234' } }],
    contexts: [{ name: 'klab-lab', context: { cluster: 'klab-lab', user: 'klab-lab' } }],
  });
  const certificate = (config: typeof admin) =>
    Buffer.from(config.users[0].user['client-certificate-data'], 'base64').toString();
  expect(certificate(admin)).toBe('admin certificate\n');
  expect(certificate(render(renderSuperAdminKubeconfig))).toBe('super-admin certificate\n');
});

describe("nodes' marks", () => {
  const annotations = { 'kubeadm.alpha.kubernetes.io/cri-socket': 'unix:///run/containerd/containerd.sock' };
  const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
  const role = { 'node-role.kubernetes.io/control-plane': '' };
  const taint = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' };
  const patch = 'kind: InitConfiguration\nnodeRegistration: {taints: [{key: a, effect: NoExecute}]}';

  test('a worker is left as it is', () => {
    expect(renderNodeMarks(anInput(), 'lab-worker', [notReady])).toEqual({ metadata: { labels: {}, annotations } });
  });

  test.each([
    ['keeps the taints that others set', anInput(), [notReady], [taint, notReady]],
    ['is tainted once', anInput(), [taint, notReady], [taint, notReady]],
    [
      'has the taints it was configured with',
      anInput({ kubeadmConfigPatches: [patch] }),
      [],
      [{ key: 'a', effect: 'NoExecute' }],
    ],
  ])('a control plane %s', (_name, input, current, taints) => {
    expect(renderNodeMarks(input, 'lab-control-plane', current)).toEqual({
      metadata: { labels: { ...role, 'node.kubernetes.io/exclude-from-external-load-balancers': '' }, annotations },
      spec: { taints },
    });
  });

  test('alone, it takes pods and traffic', () => {
    const input = anInput({ nodes: [aNode('lab-control-plane', 'control-plane')] });
    expect(renderNodeMarks(input, 'lab-control-plane', [notReady])).toEqual({
      metadata: { labels: role, annotations },
      spec: { taints: [notReady] },
    });
  });
});
