import { expect, test } from 'vitest';
import { applyDefaults } from './defaults.ts';
import { validateCluster } from './validate.ts';
import type { KlabV1Alpha1, NodeV1Alpha1 } from './versions/klab-v1alpha1.ts';

type Case = readonly [name: string, written: KlabV1Alpha1, path: string, message: RegExp];

const problems = (written: KlabV1Alpha1) => validateCluster(applyDefaults(written, {}, '/here'));

const aNode = (node: NodeV1Alpha1): KlabV1Alpha1 => ({ nodes: [node] });
const workers = (...nodes: NodeV1Alpha1[]): KlabV1Alpha1 => ({
  nodes: [{}, ...nodes.map((node) => ({ role: 'worker' as const, ...node }))],
});
const port = (hostPort: number, more = {}) => ({ containerPort: 80, hostPort, ...more });
const json6902 = (patch: string, kind = 'ClusterConfiguration') => ({ kind, patch });

const refused: readonly Case[] = [
  ['upper case in the name', { name: 'Lab' }, 'name', /is not a cluster name/],
  ['a name that begins with a dash', { name: '-lab' }, 'name', /is not a DNS name/],
  ['a name too long for a node', { name: 'a'.repeat(50) }, 'name', /shorten the name by 1$/],
  [
    'an API server address',
    { networking: { apiServerAddress: 'localhost' } },
    'networking.apiServerAddress',
    /not an IP/,
  ],
  ['an API server port', { networking: { apiServerPort: 70000 } }, 'networking.apiServerPort', /not a port/],
  ['a subnet without a mask', { networking: { podSubnet: '10.1.0.0' } }, 'networking.podSubnet', /like 10.1.0.0\/16/],
  ['a mask too long', { networking: { podSubnet: '10.1.0.0/33' } }, 'networking.podSubnet', /is not a CIDR/],
  ['a leading zero', { networking: { podSubnet: '010.1.0.0/16' } }, 'networking.podSubnet', /is not a CIDR/],
  ['the other family', { networking: { podSubnet: 'fd00::/56' } }, 'networking.podSubnet', /is not ipv4/],
  ['two ranges', { networking: { podSubnet: '10.1.0.0/16,10.2.0.0/16' } }, 'networking.podSubnet', /write one range/],
  [
    'dual with one',
    { networking: { ipFamily: 'dual', podSubnet: '10.1.0.0/16' } },
    'networking.podSubnet',
    /one IPv4 and one IPv6/,
  ],
  [
    'pods inside services',
    { networking: { podSubnet: '10.96.128.0/17' } },
    'networking.serviceSubnet',
    /overlaps networking.podSubnet 10.96.128.0\/17/,
  ],
  [
    'no room for the nodes',
    { ...workers({}, {}), networking: { podSubnet: '10.1.0.0/23' } },
    'networking.podSubnet',
    /no room for 3 nodes.*use a range of \/22/,
  ],
  [
    'too small for services',
    { networking: { serviceSubnet: '10.96.0.0/30' } },
    'networking.serviceSubnet',
    /too small/,
  ],
  [
    'too large for services',
    { networking: { serviceSubnet: '20.0.0.0/8' } },
    'networking.serviceSubnet',
    /between \/12/,
  ],
  ['a search domain', { networking: { dnsSearch: ['a b'] } }, 'networking.dnsSearch[0]', /is not a domain/],
  [
    'a port twice on one node, "" and TCP being the same',
    aNode({ extraPortMappings: [port(80), port(80, { protocol: 'TCP' })] }),
    'nodes[0].extraPortMappings[1].hostPort',
    /taken by nodes\[0\].extraPortMappings\[0\]/,
  ],
  [
    'a port twice, once on all addresses',
    aNode({ extraPortMappings: [port(80, { listenAddress: '0.0.0.0' }), port(80, { listenAddress: '127.0.0.2' })] }),
    'nodes[0].extraPortMappings[1].hostPort',
    /TCP port 80/,
  ],
  [
    'a port on two nodes',
    workers({ extraPortMappings: [port(80)] }, { extraPortMappings: [port(80)] }),
    'nodes[2].extraPortMappings[0].hostPort',
    /taken by nodes\[1\]/,
  ],
  [
    "the API server's port",
    { networking: { apiServerPort: 6443 }, ...aNode({ extraPortMappings: [port(6443)] }) },
    'nodes[0].extraPortMappings[0].hostPort',
    /taken by networking.apiServerPort/,
  ],
  [
    'no container port',
    aNode({ extraPortMappings: [{}] }),
    'nodes[0].extraPortMappings[0].containerPort',
    /is missing/,
  ],
  [
    'a host port',
    aNode({ extraPortMappings: [port(-2)] }),
    'nodes[0].extraPortMappings[0].hostPort',
    /-2 is not a port/,
  ],
  [
    'a listen address',
    aNode({ extraPortMappings: [port(0, { listenAddress: 'lo' })] }),
    'nodes[0].extraPortMappings[0].listenAddress',
    /is not an IP address/,
  ],
  ['no host path', aNode({ extraMounts: [{ containerPath: '/a' }] }), 'nodes[0].extraMounts[0].hostPath', /is missing/],
  [
    'a relative container path',
    aNode({ extraMounts: [{ hostPath: '/a', containerPath: 'a' }] }),
    'nodes[0].extraMounts[0].containerPath',
    /is not absolute/,
  ],
  [
    'two mounts in one place',
    aNode({ extraMounts: [1, 2].map((n) => ({ hostPath: `/${n}`, containerPath: '/a' })) }),
    'nodes[0].extraMounts[1].containerPath',
    /already where nodes\[0\].extraMounts\[0\]/,
  ],
  ['an image', aNode({ image: 'a b' }), 'nodes[0].image', /is not an image/],
  ['a label key', aNode({ labels: { 'a b': '' } }), 'nodes[0].labels["a b"]', /is not a label key/],
  ['a label prefix', aNode({ labels: { 'A/b': '' } }), 'nodes[0].labels["A/b"]', /must be a DNS name/],
  ['two slashes', aNode({ labels: { 'a/b/c': '' } }), 'nodes[0].labels["a/b/c"]', /one slash/],
  ['a label value', aNode({ labels: { a: 'b c' } }), 'nodes[0].labels.a', /is not a label value/],
  [
    'a role label',
    aNode({ labels: { 'node-role.kubernetes.io/db': '' } }),
    'nodes[0].labels["node-role.kubernetes.io/db"]',
    /a kubelet may not set/,
  ],
  ['a k8s.io label', aNode({ labels: { 'x.k8s.io/a': '' } }), 'nodes[0].labels["x.k8s.io/a"]', /is reserved/],
  ['a sysctl', { sysctls: { swappiness: '1' } }, 'sysctls.swappiness', /is not a kernel setting/],
  ['a sysctl of a node', aNode({ sysctls: { 'net.b': '' } }), 'nodes[0].sysctls["net.b"]', /is not a value/],
  ['a sysctl of the host', { sysctls: { 'vm.swappiness': '10' } }, 'sysctls["vm.swappiness"]', /the whole machine's/],
  ['cpus', aNode({ resources: { cpus: 0 } }), 'nodes[0].resources.cpus', /too little/],
  ['memory', aNode({ resources: { memory: 1000 } }), 'nodes[0].resources.memory', /at least 64Mi/],
  ['a patch that is text', { kubeadmConfigPatches: ['maxPods'] }, 'kubeadmConfigPatches[0]', /is not a patch/],
  ['an empty patch', { kubeadmConfigPatches: [''] }, 'kubeadmConfigPatches[0]', /is not a patch/],
  [
    'the second document of a patch',
    { kubeadmConfigPatches: ['kind: KubeletConfiguration\n---\nkind: Pod'] },
    'kubeadmConfigPatches[0]',
    /"Pod" is no kubeadm configuration/,
  ],
  ['a patch for nothing', { kubeadmConfigPatches: ['maxPods: 1'] }, 'kubeadmConfigPatches[0]', /add kind/],
  [
    'a patch for something else',
    { kubeadmConfigPatches: ['kind: KubeletConfig'] },
    'kubeadmConfigPatches[0]',
    /did you mean KubeletConfiguration\?/,
  ],
  [
    'operations that are none',
    { kubeadmConfigPatchesJSON6902: [json6902('[{op: put, path: /a}]')] },
    'kubeadmConfigPatchesJSON6902[0].patch',
    /operation 1 has op "put"/,
  ],
  [
    'operations for nothing',
    aNode({ kubeadmConfigPatchesJSON6902: [json6902('[]', '')] }),
    'nodes[0].kubeadmConfigPatchesJSON6902[0].kind',
    /add kind/,
  ],
  ['a containerd patch', { containerdConfigPatches: ['[a'] }, 'containerdConfigPatches[0]', /is not valid TOML/],
  [
    'a containerd operation',
    { containerdConfigPatchesJSON6902: ['{}'] },
    'containerdConfigPatchesJSON6902[0]',
    /not a list of operations/,
  ],
];

test.each(refused)('refuses %s', (_name, written, path, message) => {
  expect(problems(written)).toEqual([{ path, message: expect.stringMatching(message), ...anyInnerLine(written) }]);
});

const anyInnerLine = (written: KlabV1Alpha1) => (written.containerdConfigPatches ? { innerLine: 1 } : {});

test.each<readonly [string, KlabV1Alpha1]>([
  ['nothing but defaults', {}],
  ['dots in the name', { name: 'my.lab-2' }],
  ['the longest name', { name: 'a'.repeat(49) }],
  ['host bits in a CIDR, as Go', { networking: { podSubnet: '10.1.2.3/16' } }],
  ['dual stack', { networking: { ipFamily: 'dual' } }],
  ['IPv6', { networking: { ipFamily: 'ipv6' } }],
  ['free host ports any number of times', aNode({ extraPortMappings: [port(0), port(0), port(-1), port(-1)] })],
  ['one port for TCP and UDP', aNode({ extraPortMappings: [port(53), port(53, { protocol: 'UDP' })] })],
  ['one port on two addresses', aNode({ extraPortMappings: [port(80), port(80, { listenAddress: '127.0.0.2' })] })],
  [
    'labels a kubelet may set',
    aNode({
      labels: {
        plain: '',
        'example.com/a': 'b',
        'topology.kubernetes.io/zone': 'z',
        'node.kubernetes.io/pool': 'p',
        'x.kubelet.kubernetes.io/y': '1',
      },
    }),
  ],
  [
    'a small range whose mask is patched',
    {
      networking: { podSubnet: '10.1.0.0/26' },
      kubeadmConfigPatches: [
        'kind: ClusterConfiguration\ncontrollerManager: {extraArgs: [{name: node-cidr-mask-size, value: "28"}]}',
      ],
    },
  ],
  [
    'patches of every kind',
    {
      kubeadmConfigPatches: ['kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\nmaxPods: 5'],
      kubeadmConfigPatchesJSON6902: [json6902('- {op: add, path: /a, value: 1}')],
      containerdConfigPatches: ['[plugins."x"]\na = 1'],
      containerdConfigPatchesJSON6902: ['[{"op": "remove", "path": "/debug"}]'],
    },
  ],
])('accepts %s', (_name, written) => {
  expect(problems(written)).toEqual([]);
});
