import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { type AdmissionInputs, decideAdmission, safeSysctlsOf, withHeld } from './index.ts';

const node: AdmissionInputs['node'] = {
  name: 'worker',
  labels: { 'kubernetes.io/os': 'linux', disk: 'ssd', rank: '5' },
  taints: [
    { key: 'dedicated', value: 'db', effect: 'NoExecute' },
    { key: 'busy', effect: 'NoSchedule' },
  ],
  allocatable: { cpu: '2', memory: '1Gi', pods: '3' },
  supplementalGroupsPolicy: false,
};
const sysctls = [...safeSysctlsOf('6.18.0'), 'net.core.*', 'user.*'];

const inputs: AdmissionInputs = { node, sysctls, appArmor: false, pressure: [], shuttingDown: false };

const tolerations = [{ key: 'dedicated', operator: 'Exists' }];

const aPod = (spec: Partial<NonNullable<Pod['spec']>> = {}, cpu?: string): Pod => ({
  metadata: { name: 'web', namespace: 'default', uid: 'u' },
  spec: {
    tolerations,
    containers: [{ name: 'c', ...(cpu === undefined ? {} : { resources: { requests: { cpu } } }) }],
    ...spec,
  },
});

const required = (key: string, operator: string, values: string[]) => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
      },
    },
  },
});

const hostPort = (port: number, hostIP?: string) => ({
  containers: [
    { name: 'c', ports: [{ containerPort: 80, hostPort: port, ...(hostIP === undefined ? {} : { hostIP }) }] },
  ],
});

test.each([
  ['an ordinary pod', aPod({}, '500m'), []],
  ['a label it selects', aPod({ nodeSelector: { disk: 'ssd' } }), []],
  ['affinity Gt', aPod(required('rank', 'Gt', ['4'])), []],
  ['a safe sysctl', aPod({ securityContext: { sysctls: [{ name: 'net/ipv4/tcp_syncookies', value: '1' }] } }), []],
  [
    'a sysctl that is safe since 1.37',
    aPod({ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_slow_start_after_idle', value: '0' }] } }),
    [],
  ],
  [
    'a sysctl of the pod’s own users',
    aPod({ hostUsers: false, securityContext: { sysctls: [{ name: 'user.max_user_namespaces', value: '1' }] } }),
    [],
  ],
  [
    'an allowed unsafe sysctl',
    aPod({ securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } }),
    [],
  ],
  ['a host port on another address', aPod(hostPort(80, '10.0.0.1')), [aPod(hostPort(80, '10.0.0.2'))]],
  [
    'a resource the node does not know',
    aPod({ containers: [{ name: 'c', resources: { requests: { 'x.io/y': '1' } } }] }),
    [],
  ],
])('%s is admitted', (_name, pod, others) => {
  expect(decideAdmission(pod, others, inputs)).toEqual({ admitted: true });
});

test.each([
  [
    'more cpu than is left',
    aPod({}, '1500m'),
    [aPod({}, '1')],
    'OutOfcpu',
    "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
  ],
  [
    'one pod too many',
    aPod(),
    [aPod(), aPod(), aPod()],
    'OutOfpods',
    "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
  ],
  [
    'a label the node lacks',
    aPod({ nodeSelector: { disk: 'hdd' } }),
    [],
    'NodeAffinity',
    "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  ],
  [
    'an affinity it does not meet',
    aPod(required('disk', 'NotIn', ['ssd'])),
    [],
    'NodeAffinity',
    "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  ],
  [
    'another node',
    aPod({ nodeName: 'other' }),
    [],
    'NodeName',
    "Predicate NodeName failed: node(s) didn't match the requested node name",
  ],
  [
    'a taken host port',
    aPod(hostPort(80)),
    [aPod(hostPort(80, '10.0.0.2'))],
    'NodePorts',
    "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  ],
  [
    'a NoExecute taint it does not tolerate',
    aPod({ tolerations: [] }),
    [],
    'TaintToleration',
    "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
  ],
  [
    'an unsafe sysctl',
    aPod({ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }),
    [],
    'SysctlForbidden',
    'forbidden sysctl: "kernel.msgmax" not allowlisted',
  ],
  [
    'a network sysctl on the host’s network',
    aPod({ hostNetwork: true, securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] } }),
    [],
    'SysctlForbidden',
    'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host Net enabled',
  ],
  [
    'a sysctl of users that are the host’s',
    aPod({ securityContext: { sysctls: [{ name: 'user.max_user_namespaces', value: '1' }] } }),
    [],
    'SysctlForbidden',
    'forbidden sysctl: "user.max_user_namespaces" not allowed with host User enabled',
  ],
  [
    'an AppArmor profile where there is no AppArmor',
    aPod({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }),
    [],
    'AppArmor',
    'Cannot enforce AppArmor: AppArmor is not enabled on the host',
  ],
  [
    'another operating system',
    aPod({ os: { name: 'windows' } }),
    [],
    'PodOSNotSupported',
    "Failed to admit pod as the OS field doesn't match node OS",
  ],
  [
    'groups of the pod alone, which the runtime does not know how to give',
    aPod({ securityContext: { supplementalGroupsPolicy: 'Strict' } }),
    [],
    'SupplementalGroupsPolicyNotSupported',
    'SupplementalGroupsPolicy=Strict is not supported in this node',
  ],
])('%s is refused', (_name, pod, others, reason, message) => {
  expect(decideAdmission(pod, others, inputs)).toEqual({
    admitted: false,
    reason,
    message,
  });
});

test('a runtime that knows which groups a pod is to have takes it', () => {
  const pod = aPod({ securityContext: { supplementalGroupsPolicy: 'Strict' }, tolerations });
  const able = { ...inputs, node: { ...node, supplementalGroupsPolicy: true } };
  expect(decideAdmission(pod, [], able)).toEqual({ admitted: true });
});

test('what a pod gets from a claim, the node need not have', () => {
  const asks = { requests: { 'x.io/gpu': '2' }, limits: { 'x.io/gpu': '2' } };
  const pod = { ...aPod({ tolerations }), spec: { tolerations, containers: [{ name: 'main', resources: asks }] } };
  const gone = { ...inputs, node: { ...node, allocatable: { ...node.allocatable, 'x.io/gpu': '0' } } };
  const mapping = { containerName: 'main', resourceName: 'x.io/gpu', requestName: 'r' };
  const claimed = {
    ...pod,
    status: { extendedResourceClaimStatus: { resourceClaimName: 'c', requestMappings: [mapping] } },
  };
  expect(decideAdmission(pod, [], gone)).toMatchObject({ admitted: false, reason: 'OutOfx.io/gpu' });
  expect(decideAdmission(claimed, [], gone)).toEqual({ admitted: true });
});

test('a kernel that does not have them in a namespace makes sysctls unsafe', () => {
  expect(safeSysctlsOf('4.4.0')).not.toContain('net.ipv4.tcp_keepalive_time');
  expect(safeSysctlsOf('4.5.0')).toContain('net.ipv4.tcp_keepalive_time');
});

const critical = (more: Partial<NonNullable<Pod['spec']>> = {}, cpu?: string) =>
  aPod({ priority: 2_000_000_000, ...more }, cpu);

test('a critical pod takes the room of others', () => {
  const victim = aPod({}, '1');
  expect(decideAdmission(critical({}, '1500m'), [victim], inputs)).toEqual({
    admitted: true,
    preempting: { victims: [victim], resource: 'cpu' },
  });
});

test('but not when something else speaks against it', () => {
  expect(decideAdmission(critical({ nodeSelector: { disk: 'hdd' } }, '1500m'), [aPod({}, '1')], inputs)).toMatchObject({
    admitted: false,
    reason: 'NodeAffinity',
  });
});

test('nor when nobody has what it needs', () => {
  expect(decideAdmission(critical({}, '3'), [], inputs)).toEqual({
    admitted: false,
    reason: 'UnexpectedAdmissionError',
    message:
      'Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [(res: cpu, q: 1000), ]',
  });
});

test('a node under pressure says so first', () => {
  const verdict = decideAdmission(aPod({ nodeName: 'other' }), [], { ...inputs, pressure: ['DiskPressure'] });
  expect(verdict).toEqual({ admitted: false, reason: 'Evicted', message: 'The node had condition: [DiskPressure]. ' });
});

test('a node that is shut down takes no pod, not even a critical one', () => {
  expect(decideAdmission(critical(), [], { ...inputs, shuttingDown: true })).toEqual({
    admitted: false,
    reason: 'NodeShutdown',
    message: 'Pod was rejected as the node is shutting down.',
  });
});

test('what pods hold counts as there, though its plugin is away', () => {
  const held = new Map([
    ['x.io/y', 2],
    ['x.io/z', 1],
  ]);
  const allocatable = { cpu: '2', 'x.io/y': '0', 'x.io/z': '3' };
  expect(withHeld({ ...node, allocatable }, held).allocatable).toEqual({ cpu: '2', 'x.io/y': '2', 'x.io/z': '3' });
});
