import { describe, expect, test } from 'vitest';
import type { ClusterConfig } from './model.ts';
import { readClusterConfig } from './read.ts';

const KIND = 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n';
const KLAB = 'kind: Cluster\napiVersion: klab.dev/v1alpha1\n';

function config(text: string, overrides = {}): ClusterConfig {
  const reading = readClusterConfig(text, overrides, '/here');
  if (reading.kind === 'config') return reading.config;
  throw new Error(problemsOf(text).join('\n'));
}

/** Each problem as `line path message`. */
function problemsOf(text: string): string[] {
  const reading = readClusterConfig(text, {}, '/here');
  if (reading.kind === 'config') return [];
  return reading.problems.map(({ problem, line }) => `${line} ${problem.path} ${problem.message}`);
}

describe('what is filled in', () => {
  test('a file with a header only is one control plane with every default', () => {
    expect(config(KIND)).toEqual({
      name: 'klab',
      nodes: [
        {
          name: 'klab-control-plane',
          role: 'control-plane',
          image: undefined,
          labels: {},
          extraMounts: [],
          extraPortMappings: [],
          kubeadmConfigPatches: [],
          kubeadmConfigPatchesJSON6902: [],
          sysctls: {},
          resources: { cpus: undefined, memoryBytes: undefined },
          kubelet: 'klab',
        },
      ],
      networking: {
        ipFamily: 'ipv4',
        apiServerAddress: '127.0.0.1',
        apiServerPort: 0,
        podSubnet: '10.244.0.0/16',
        serviceSubnet: '10.96.0.0/16',
        cni: { kind: 'default' },
        kubeProxyMode: 'iptables',
        dnsSearch: undefined,
      },
      featureGates: {},
      runtimeConfig: {},
      kubeadmConfigPatches: [],
      kubeadmConfigPatchesJSON6902: [],
      containerdConfigPatches: [],
      containerdConfigPatchesJSON6902: [],
      sysctls: {},
    });
  });

  test('nodes are named by role and number, control planes first', () => {
    const { nodes } = config(`${KIND}name: lab\nnodes:\n- role: worker\n- role: control-plane\n- role: worker\n`);
    expect(nodes.map((node) => node.name)).toEqual(['lab-control-plane', 'lab-worker', 'lab-worker2']);
  });

  test('a flag beats the file', () => {
    const seen = config(`${KIND}name: lab\nnodes:\n- image: a\n`, { name: 'other', image: 'b' });
    expect(seen.nodes.map((node) => [node.name, node.image])).toEqual([['other-control-plane', 'b']]);
  });

  test('mounts and ports: relative host paths are made absolute, ports listen on this machine only', () => {
    const [node] = config(
      `${KIND}nodes:\n- extraMounts: [{hostPath: data/x, containerPath: /x}]\n  extraPortMappings: [{containerPort: 80}]\n`,
    ).nodes;
    expect(node?.extraMounts).toEqual([
      { hostPath: '/here/data/x', containerPath: '/x', readOnly: false, selinuxRelabel: false, propagation: 'None' },
    ]);
    expect(node?.extraPortMappings).toEqual([
      { containerPort: 80, hostPort: 0, listenAddress: '127.0.0.1', protocol: 'TCP' },
    ]);
  });

  test.each([
    ['absent', '', undefined],
    ['empty: none', 'networking: {dnsSearch: []}', []],
    ['given', 'networking: {dnsSearch: [a.example]}', ['a.example']],
  ])('dnsSearch %s', (_name, text, want) => {
    expect(config(KIND + text).networking.dnsSearch).toEqual(want);
  });

  test('disableDefaultCNI leaves the network out', () => {
    expect(config(`${KIND}networking: {disableDefaultCNI: true}`).networking.cni).toEqual({ kind: 'none' });
  });

  test('empty texts and nulls are gaps, as in kind', () => {
    const text = `${KIND}name: ""\nnetworking:\n  podSubnet: ""\n  kubeProxyMode: ""\nnodes:\nfeatureGates: null\n`;
    expect(config(text)).toEqual(config(KIND));
  });

  test('plain numbers and booleans are text where text is meant', () => {
    const seen = config(`${KIND}runtimeConfig: {api/all: true}\nnodes:\n- labels: {version: 1.10}\n`);
    expect(seen.runtimeConfig).toEqual({ 'api/all': 'true' });
    expect(seen.nodes[0]?.labels).toEqual({ version: '1.10' });
  });

  test('anchors and merge keys work', () => {
    const text = `${KIND}nodes:\n- &n {role: control-plane, labels: {a: b}}\n- <<: *n\n  role: worker\n- *n\n`;
    const reading = readClusterConfig(text.replace('- *n\n', ''), {}, '/');
    expect(reading).toMatchObject({
      config: { nodes: [{ labels: { a: 'b' } }, { role: 'worker', labels: { a: 'b' } }] },
    });
  });

  test('JSON is YAML', () => {
    expect(config('{"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "name": "j"}').name).toBe('j');
  });

  test("klab's own fields", () => {
    const seen = config(
      `${KLAB}sysctls: {net.ipv4.ip_forward: 1}\nnodes:\n- kubelet: upstream\n  resources: {cpus: 1.5, memory: 2Gi}\n  sysctls: {net/core/somaxconn: "10"}\nnetworking: {cni: none}\n`,
    );
    expect(seen.sysctls).toEqual({ 'net.ipv4.ip_forward': '1' });
    expect(seen.networking.cni).toEqual({ kind: 'none' });
    expect(seen.nodes[0]).toMatchObject({
      kubelet: 'upstream',
      resources: { cpus: 1.5, memoryBytes: 2 ** 31 },
      sysctls: { 'net/core/somaxconn': '10' },
    });
  });
});

describe('what is refused', () => {
  test.each([
    ['an empty file', '', [/is empty/]],
    ['only comments', '# nothing\n', [/is empty/]],
    ['syntax', `${KIND}nodes: [\n`, [/^4 {2}is not valid YAML/]],
    ['a key twice', `${KIND}name: a\nname: b\n`, [/^4 {2}name is there twice/]],
    ['no header', 'nodes: []\n', [/^1 kind is missing/, /^1 apiVersion is missing/]],
    ['another kind', `kind: Pod\napiVersion: v1\n`, [/^1 kind "Pod" is not known/, /^2 apiVersion "v1" is not known/]],
    [
      'an old version',
      'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha3\n',
      [/^2 apiVersion .* use kind.x-k8s.io\/v1alpha4/],
    ],
    ['two documents of different kinds', `${KIND}---\nkind: Pod\n`, [/^4 {2}a second document \(Pod\)/]],
    ['two clusters', `${KIND}---\n${KIND}`, [/^4 {2}a second Cluster begins here/]],
    ['a list for a document', '- a\n', [/kind is missing/, /apiVersion is missing/]],
    ['an unknown field', `${KIND}netwroking: {}\n`, [/^3 netwroking unknown field: did you mean networking\?/]],
    [
      'an unknown field deep down',
      `${KIND}nodes:\n- extraMounts:\n  - hostpath: /a\n    containerPath: /b\n`,
      [
        /^5 nodes\[0\].extraMounts\[0\].hostPath is missing/,
        /^5 nodes\[0\].extraMounts\[0\].hostpath unknown field: did you mean hostPath\?/,
      ],
    ],
    ["klab's field in kind's file", `${KIND}sysctls: {a.b: 1}\n`, [/^3 sysctls unknown field: it is klab's own/]],
    ['text for a list', `${KIND}nodes: worker\n`, [/^3 nodes expected a list, found the text "worker"/]],
    ['a list for a map', `${KIND}networking: [a]\n`, [/^3 networking expected a map of fields, found a list/]],
    ['a map for text', `${KIND}name: {a: b}\n`, [/^3 name expected text, found a map/]],
    ['a quoted number', `${KIND}networking:\n  apiServerPort: "6443"\n`, [/^4 .*remove the quotes/]],
    ['a fraction', `${KIND}networking: {apiServerPort: 1.5}\n`, [/expected a whole number, found 1.5/]],
    ['a quoted boolean', `${KIND}featureGates: {A: "true"}\n`, [/^3 featureGates.A expected true or false/]],
    ['a label without a value', `${KIND}nodes:\n- labels:\n    a:\n`, [/^5 nodes\[0\].labels.a has no value/]],
    [
      'an unknown role',
      `${KIND}nodes:\n- role: wroker\n`,
      [/^4 nodes\[0\].role "wroker" is not known here: did you mean worker\?/],
    ],
    ['no control plane', `${KIND}nodes:\n- role: worker\n`, [/^3 nodes no node is a control plane/]],
    [
      'memory',
      `${KLAB}nodes:\n- resources: {memory: lots}\n`,
      [/^4 nodes\[0\].resources.memory "lots" is not an amount/],
    ],
    [
      'cni and disableDefaultCNI at odds',
      `${KLAB}networking:\n  cni: default\n  disableDefaultCNI: true\n`,
      [/^4 networking.cni .*disableDefaultCNI/],
    ],
  ])('%s', (_name, text, want) => {
    const seen = problemsOf(text);
    expect(seen).toHaveLength(want.length);
    for (const pattern of want) expect(seen).toContainEqual(expect.stringMatching(pattern));
  });

  test('all problems come at once, in the order of the file', () => {
    const text = `${KIND}name: Bad\nnetworking:\n  podSubnet: 10.244.0.0\nnodes:\n- role: gateway\n  image: "a b"\n`;
    expect(problemsOf(text).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      '3 name',
      '5 networking.podSubnet',
      '7 nodes[0].role',
      '8 nodes[0].image',
    ]);
  });

  test('a malformed patch is told with the line inside its text', () => {
    const text = `${KIND}kubeadmConfigPatches:\n- |\n  kind: KubeletConfiguration\n  maxPods: [1\ncontainerdConfigPatches:\n- |-\n  [a]\n  b\n`;
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^7 kubeadmConfigPatches\[0\] is not valid YAML/),
      expect.stringMatching(/^10 containerdConfigPatches\[0\] is not valid TOML/),
    ]);
  });
});

describe('the network', () => {
  test.each([
    ['Calico', 'calico', {}, { kind: 'calico' }],
    ['a manifest beside the file', './my.yaml', {}, { kind: 'manifest', source: '/here/my.yaml' }],
    ['a URL', 'https://a.example/x.yaml', {}, { kind: 'manifest', source: 'https://a.example/x.yaml' }],
    ['the flag beats the file', 'none', { cni: 'calico' }, { kind: 'calico' }],
    ['standard input, by the flag', 'none', { cni: '-' }, { kind: 'manifest', source: '-' }],
  ])('%s', (_name, cni, overrides, want) => {
    const reading = readClusterConfig(`${KLAB}networking: {cni: "${cni}"}\n`, overrides, '/here');
    expect(reading).toMatchObject({ kind: 'config', config: { networking: { cni: want } } });
  });
});

describe('what is not built yet', () => {
  test.each([
    ['control planes', `${KIND}nodes:\n- role: control-plane\n- role: control-plane\n`, '3 nodes 2 control planes'],
    ['IPv6', `${KIND}networking: {ipFamily: ipv6}\n`, '3 networking.ipFamily ipv6'],
    ['dual stack', `${KIND}networking: {ipFamily: dual}\n`, '3 networking.ipFamily dual'],
    ['other machines', `${KLAB}nodes:\n- host: far\n`, '4 nodes[0].host nodes on other machines (far)'],
  ])('%s', (_name, text, want) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(/not supported yet: /)]);
    expect(problemsOf(text)[0]).toContain(want);
  });
});
