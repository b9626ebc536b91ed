import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { aContainer, aPod, aSidecar, deleted } from '../test-builders.ts';
import { type ContainerConfigInputs, renderContainerConfig } from './container-config.ts';
import { computeHostname } from './hostname.ts';
import { renderHostNetworkHostsFile, renderHostsFile } from './hosts-file.ts';
import { oomScoreAdj } from './oom-score.ts';
import { containerResources, podResources, sumResources } from './resources.ts';
import { renderSandboxConfig } from './sandbox-config.ts';
import { renderSecurityContext, supplementalGroups, verifyRunAsNonRoot } from './security-context.ts';

const cfs = { cfsQuota: true, cfsPeriodMicros: 100_000 };
const resources = podResources({}, cfs);

const inputs: ContainerConfigInputs = {
  restartCount: 2,
  imageRef: 'sha256:abc',
  imageUser: { uid: undefined, username: '' },
  environment: [{ key: 'WHO', value: 'world' }],
  mounts: [],
  volumeDevices: [],
  resources,
  targetId: undefined,
  volumeGroups: [],
  seccompDefault: false,
  rootDir: '/var/lib/kubelet',
  maskedPaths: [],
};

test('a container carries what a restarted kubelet needs', () => {
  const container = aContainer('main', {
    command: ['sh', '-c', 'echo $(WHO) $(NOBODY) $$(WHO)'],
    ports: [{ containerPort: 80 }],
    lifecycle: { preStop: { sleep: { seconds: 1 } } },
  });
  const pod = deleted(aPod({ containers: [container], terminationGracePeriodSeconds: 30 }), 12);
  expect(renderContainerConfig(pod, container, inputs)).toMatchObject({
    metadata: { name: 'main', attempt: 2 },
    image: { image: 'sha256:abc', userSpecifiedImage: 'busybox:1.37' },
    command: ['sh', '-c', 'echo world $(NOBODY) $(WHO)'],
    logPath: 'main/2.log',
    labels: {
      'io.kubernetes.container.name': 'main',
      'io.kubernetes.pod.name': 'web',
      'io.kubernetes.pod.namespace': 'default',
      'io.kubernetes.pod.uid': 'uid-1',
    },
    annotations: {
      'io.kubernetes.container.restartCount': '2',
      'io.kubernetes.container.terminationMessagePath': '/dev/termination-log',
      'io.kubernetes.container.terminationMessagePolicy': 'File',
      'io.kubernetes.pod.deletionGracePeriod': '12',
      'io.kubernetes.pod.terminationGracePeriod': '30',
      'io.kubernetes.container.preStopHandler': '{"sleep":{"seconds":1}}',
      'io.kubernetes.container.ports': '[{"containerPort":80}]',
    },
  });
});

const renderSandbox = (pod: Pod) =>
  renderSandboxConfig(pod, {
    attempt: 1,
    hostname: 'web',
    logsRoot: '/var/log/pods',
    dns: { servers: ['10.96.0.10'], searches: ['a'], options: ['ndots:5'] },
    cgroupParent: '/kubepods/poduid-1',
    supplementalGroups: [7],
    ...cfs,
  });

test('a sandbox carries the pod’s identity, its ports once each, and its sysctls in dots', () => {
  const ports = [
    { name: 'http', containerPort: 80, hostPort: 8080 },
    { containerPort: 53, protocol: 'UDP', hostIP: '127.0.0.1' },
  ];
  const pod = aPod(
    {
      containers: [
        aContainer('a', { ports: [...ports, { name: 'http', containerPort: 81 }] }),
        aContainer('b', { securityContext: { privileged: true } }),
      ],
      securityContext: { sysctls: [{ name: 'net/ipv4/tcp_syncookies', value: '1' }], runAsUser: 5 },
    },
    { labels: { app: 'web' }, annotations: { note: 'x' } },
  );
  expect(renderSandbox(pod)).toMatchObject({
    metadata: { name: 'web', namespace: 'default', uid: 'uid-1', attempt: 1 },
    logDirectory: '/var/log/pods/default_web_uid-1',
    labels: { app: 'web', 'io.kubernetes.pod.uid': 'uid-1' },
    annotations: { note: 'x' },
    portMappings: [
      { protocol: 0, containerPort: 80, hostPort: 8080, hostIp: '' },
      { protocol: 1, containerPort: 53, hostPort: 0, hostIp: '127.0.0.1' },
    ],
    linux: {
      cgroupParent: '/kubepods/poduid-1',
      sysctls: { 'net.ipv4.tcp_syncookies': '1' },
      securityContext: { privileged: true, runAsUser: { value: 5n }, supplementalGroups: [7n] },
    },
  });
});

test.each<[string, Partial<NonNullable<Pod['spec']>>, object]>([
  ['its own', {}, { network: 0, pid: 1, ipc: 0 }],
  ['the host’s', { hostNetwork: true, hostPID: true, hostIPC: true }, { network: 2, pid: 2, ipc: 2 }],
  ['one for all its processes', { shareProcessNamespace: true }, { network: 0, pid: 0, ipc: 0 }],
])('namespaces: %s', (_name, spec, wanted) => {
  expect(renderSandbox(aPod(spec)).linux?.securityContext?.namespaceOptions).toMatchObject(wanted);
});

const security = (
  pod: Pod,
  container = aContainer('main'),
  more: { uid?: number; username?: string; targetId?: string } = {},
) =>
  renderSecurityContext(pod, container, {
    imageUser: { uid: more.uid, username: more.username ?? '' },
    targetId: more.targetId,
    supplementalGroups: [],
    seccompDefault: false,
    rootDir: '/var/lib/kubelet',
    maskedPaths: [],
  });

test.each<[string, Pod, ReturnType<typeof aContainer>, { uid?: number; username?: string }, object]>([
  [
    'the container’s',
    aPod({ securityContext: { runAsUser: 1 } }),
    aContainer('c', { securityContext: { runAsUser: 2 } }),
    { uid: 3 },
    { runAsUser: { value: 2n }, runAsUsername: '' },
  ],
  ['the pod’s', aPod({ securityContext: { runAsUser: 1 } }), aContainer('c'), { uid: 3 }, { runAsUser: { value: 1n } }],
  ['the image’s number', aPod(), aContainer('c'), { uid: 3 }, { runAsUser: { value: 3n } }],
  [
    'the image’s name',
    aPod(),
    aContainer('c'),
    { username: 'nginx' },
    { runAsUser: undefined, runAsUsername: 'nginx' },
  ],
  ['root when nobody says', aPod(), aContainer('c'), {}, { runAsUser: { value: 0n } }],
])('it runs as %s', (_name, pod, container, image, wanted) => {
  expect(security(pod, container, image)).toMatchObject(wanted);
});

test('what is not allowed to a container is told to the runtime', () => {
  const container = aContainer('c', {
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
      seccompProfile: { type: 'Localhost', localhostProfile: 'audit.json' },
      appArmorProfile: { type: 'RuntimeDefault' },
    },
  });
  expect(security(aPod(), container)).toMatchObject({
    noNewPrivs: true,
    readonlyRootfs: true,
    capabilities: { addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'] },
    seccomp: { profileType: 2, localhostRef: '/var/lib/kubelet/seccomp/audit.json' },
    apparmor: { profileType: 0 },
    apparmorProfile: 'runtime/default',
  });
  expect(security(aPod()).maskedPaths).toContain('/proc/kcore');
  expect(security(aPod(), aContainer('c', { securityContext: { procMount: 'Unmasked' } })).maskedPaths).toEqual([]);
});

test('a debugging container sees its target’s processes', () => {
  expect(security(aPod(), aContainer('debug'), { targetId: 'main-0' }).namespaceOptions).toMatchObject({
    pid: 3,
    targetId: 'main-0',
  });
  const shared = aPod({ shareProcessNamespace: true });
  expect(security(shared, aContainer('debug'), { targetId: 'main-0' }).namespaceOptions).toMatchObject({
    pid: 0,
    targetId: '',
  });
});

const nonRoot = (more = {}) => aContainer('c', { securityContext: { runAsNonRoot: true, ...more } });

test.each([
  [
    'the image runs as root',
    nonRoot(),
    { uid: 0, username: '' },
    'container has runAsNonRoot and image will run as root (pod: "web_default(uid-1)", container: c)',
  ],
  [
    'the image says nothing',
    nonRoot(),
    { uid: undefined, username: '' },
    'container has runAsNonRoot and image will run as root (pod: "web_default(uid-1)", container: c)',
  ],
  [
    'the image has a name',
    nonRoot(),
    { uid: undefined, username: 'www' },
    'container has runAsNonRoot and image has non-numeric user (www), cannot verify user is non-root (pod: "web_default(uid-1)", container: c)',
  ],
  [
    'it says root itself',
    nonRoot({ runAsUser: 0 }),
    { uid: 1, username: '' },
    'container\'s runAsUser breaks non-root policy (pod: "web_default(uid-1)", container: c)',
  ],
])('runAsNonRoot refuses: %s', (_name, container, image, message) => {
  expect(() => verifyRunAsNonRoot(aPod(), container, image)).toThrow(message);
});

test('runAsNonRoot lets others pass', () => {
  expect(() => verifyRunAsNonRoot(aPod(), nonRoot(), { uid: 101, username: '' })).not.toThrow();
  expect(() => verifyRunAsNonRoot(aPod(), nonRoot({ runAsUser: 5 }), { uid: 0, username: '' })).not.toThrow();
});

test('groups: fsGroup first, none twice', () => {
  expect(supplementalGroups(aPod({ securityContext: { fsGroup: 2000, supplementalGroups: [5, 2000] } }), [6])).toEqual([
    2000, 6, 5,
  ]);
});

test.each<[string, Parameters<typeof podResources>[0], object]>([
  ['nothing asked for', {}, { cpuShares: 2n, cpuQuota: 0n, memoryLimitInBytes: 0n }],
  ['a request', { requests: { cpu: '250m' } }, { cpuShares: 256n, cpuQuota: 0n }],
  [
    'a limit alone is the request too',
    { limits: { cpu: '500m', memory: '64Mi' } },
    { cpuShares: 512n, cpuQuota: 50_000n, cpuPeriod: 100_000n, memoryLimitInBytes: 67_108_864n },
  ],
  ['a request of 0', { requests: { cpu: '0' }, limits: { cpu: '1' } }, { cpuShares: 2n }],
  ['a tiny limit', { limits: { cpu: '1m' } }, { cpuQuota: 1000n }],
  ['more than shares can say', { requests: { cpu: '300' } }, { cpuShares: 262_144n }],
])('resources: %s', (_name, asked, wanted) => {
  expect(podResources(asked, cfs)).toMatchObject(wanted);
});

test('cgroup v2 kills a container as a whole, and keeps it out of swap', () => {
  const inputs = {
    ...cfs,
    nodeMemoryBytes: 2 ** 30,
    singleProcessOomKill: false,
    swapControllable: true,
    swap: { limited: false, nodeSwapBytes: 0 },
    memoryQos: undefined,
    hugePageSizes: [],
  };
  expect(containerResources(aPod(), aContainer('c'), { ...inputs, cgroupVersion: 2 }).unified).toEqual({
    'memory.oom.group': '1',
    'memory.swap.max': '0',
    'memory.high': 'max',
  });
  const limited = aContainer('c', { resources: { limits: { memory: '1Mi' } } });
  expect(containerResources(aPod(), limited, { ...inputs, cgroupVersion: 1 }).memorySwapLimitInBytes).toBe(1_048_576n);
});

test.each<[string, Record<string, string>, Record<string, string>, bigint[]]>([
  ['none without a limit', {}, {}, [0n, 0n]],
  ['those of its limit', { 'hugepages-2Mi': '4Mi' }, {}, [4_194_304n, 0n]],
  [
    'its own limit before the pod’s',
    { 'hugepages-2Mi': '4Mi' },
    { 'hugepages-2Mi': '8Mi', 'hugepages-1Gi': '1Gi' },
    [4_194_304n, 1_073_741_824n],
  ],
])('huge pages: %s', (_name, limits, ofPod, wanted) => {
  const inputs = {
    ...cfs,
    nodeMemoryBytes: 2 ** 30,
    singleProcessOomKill: false,
    swapControllable: false,
    swap: { limited: false, nodeSwapBytes: 0 },
    memoryQos: undefined,
  };
  const pod = aPod({ resources: { limits: ofPod } });
  const { hugepageLimits } = containerResources(pod, aContainer('c', { resources: { limits } }), {
    ...inputs,
    cgroupVersion: 1,
    hugePageSizes: [2 ** 21, 2 ** 30],
  });
  expect(hugepageLimits.map(({ pageSize }) => pageSize)).toEqual(['2MB', '1GB']);
  expect(hugepageLimits.map(({ limit }) => limit)).toEqual(wanted);
});

const asks = (memory: string) => ({ resources: { requests: { memory } } });
const all = { resources: { requests: { cpu: '1', memory: '1Mi' }, limits: { cpu: '1', memory: '1Mi' } } };

test.each<[string, Pod, number]>([
  ['guaranteed', aPod({ containers: [aContainer('main', all)] }), -997],
  ['best effort', aPod(), 1000],
  ['burstable, a quarter of the node', aPod({ containers: [aContainer('main', asks('256Mi'))] }), 750],
  ['burstable, next to nothing', aPod({ containers: [aContainer('main', asks('1'))] }), 999],
  ['burstable, all of the node', aPod({ containers: [aContainer('main', asks('1Gi'))] }), 3],
  [
    'what only the pod as a whole asks for is shared',
    aPod({
      containers: [aContainer('main', asks('256Mi')), aContainer('other')],
      resources: { requests: { memory: '512Mi' } },
    }),
    625,
  ],
  ['critical for the node', aPod({ priority: 2_000_001_000 }), -997],
])('how soon memory’s end kills it: %s', (_name, pod, score) => {
  expect(oomScoreAdj(pod, pod.spec?.containers[0] ?? aContainer('main'), 2 ** 30)).toBe(score);
});

test('a sidecar is not killed before all the containers it serves', () => {
  const containers = [aContainer('main', asks('512Mi')), aContainer('small', asks('256Mi'))];
  const pod = aPod({ initContainers: [aSidecar('side')], containers });
  expect(oomScoreAdj(pod, aSidecar('side'), 2 ** 30)).toBe(750);
});

test.each<[string, Record<string, string>, bigint]>([
  ['its own', { memory: '1Mi' }, 1_048_576n],
  ['none', {}, 2_097_152n],
  ['0, which is none', { memory: '0' }, 2_097_152n],
])('a container’s limit below the pod’s: %s', (_name, limits, bytes) => {
  const pod = aPod({ resources: { limits: { memory: '2Mi' } } });
  const inputs = { ...cfs, cgroupVersion: 2, nodeMemoryBytes: 2 ** 30 } as const;
  const container = aContainer('main', { resources: { limits } });
  const swap = { limited: false, nodeSwapBytes: 0 };
  const rest = { singleProcessOomKill: true, swapControllable: false, swap, memoryQos: undefined, hugePageSizes: [] };
  expect(containerResources(pod, container, { ...inputs, ...rest }).memoryLimitInBytes).toBe(bytes);
});

test('what a pod asks for together', () => {
  const cpu = (value: string) => ({ resources: { requests: { cpu: value } } });
  const pod = aPod({
    initContainers: [aContainer('big', cpu('3')), aSidecar('side', cpu('1'))],
    containers: [aContainer('a', cpu('500m')), aContainer('b', cpu('500m'))],
  });
  expect(sumResources(pod).requests).toEqual({ cpu: '3000m' });
});

test.each<[string, Partial<NonNullable<Pod['spec']>>, object]>([
  ['the pod’s name', {}, { hostname: 'web', domain: '', nodename: 'web' }],
  [
    'its own',
    { hostname: 'h', subdomain: 's' },
    { hostname: 'h', domain: 's.default.svc.cluster.local', nodename: 'h' },
  ],
  ['whole', { hostname: 'h', subdomain: 's', setHostnameAsFQDN: true }, { nodename: 'h.s.default.svc.cluster.local' }],
])('host name: %s', (_name, spec, wanted) => {
  expect(computeHostname(aPod(spec), 'cluster.local')).toMatchObject(wanted);
});

test('a host name is cut to 63 characters, without a dash or dot at the end', () => {
  expect(computeHostname(aPod({}, { name: `${'a'.repeat(62)}-b` }), '').hostname).toBe('a'.repeat(62));
  const long = aPod({ subdomain: 's'.repeat(60), setHostnameAsFQDN: true });
  expect(() => computeHostname(long, 'cluster.local')).toThrow('is too long (64 characters is the max');
});

test('the hosts file names the pod at each address, and then the aliases', () => {
  const text = renderHostsFile({
    podIps: ['10.244.1.2', 'fd00::2'],
    hostname: 'web',
    domain: 's.default.svc.cluster.local',
    hostAliases: [{ ip: '1.2.3.4', hostnames: ['foo', 'bar'] }],
  });
  expect(text).toBe(
    [
      '# Kubernetes-managed hosts file.',
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::0\tip6-localnet',
      'fe00::0\tip6-mcastprefix',
      'fe00::1\tip6-allnodes',
      'fe00::2\tip6-allrouters',
      '10.244.1.2\tweb.s.default.svc.cluster.local\tweb',
      'fd00::2\tweb.s.default.svc.cluster.local\tweb',
      '',
      '# Entries added by HostAliases.',
      '1.2.3.4\tfoo\tbar',
      '',
    ].join('\n'),
  );
  expect(renderHostNetworkHostsFile('127.0.0.1 localhost\n', undefined)).toBe(
    '# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n',
  );
});
