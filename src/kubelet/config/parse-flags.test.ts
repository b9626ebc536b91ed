import { describe, expect, test } from 'vitest';
import { type ParsedFlags, parseFlags } from './parse-flags.ts';

function run(...argv: string[]): ParsedFlags {
  const parsed = parseFlags(argv);
  if (parsed.kind !== 'run') throw new Error(`the kubelet would not run but answer with ${parsed.kind}`);
  return parsed;
}

const overridesOf = (...argv: string[]) => Object.fromEntries(run(...argv).overrides);

describe('how a flag may be written', () => {
  test.each<[string, string[], string, unknown]>([
    ['--name=value', ['--max-pods=20'], 'maxPods', 20],
    ['--name value', ['--max-pods', '20'], 'maxPods', 20],
    ['underscores for hyphens', ['--max_pods=20'], 'maxPods', 20],
    ['the last one wins', ['--max-pods=20', '--max-pods=30'], 'maxPods', 30],
    ['a boolean alone is true', ['--fail-swap-on'], 'failSwapOn', true],
    ['a boolean takes no next word', ['--fail-swap-on', '-v=2'], 'failSwapOn', true],
    ['a boolean may be false', ['--fail-swap-on=false'], 'failSwapOn', false],
    ['-v 3', ['-v', '3'], 'logging.verbosity', 3],
    ['-v=3', ['-v=3'], 'logging.verbosity', 3],
    ['-v3', ['-v3'], 'logging.verbosity', 3],
    ['--v=3', ['--v=3'], 'logging.verbosity', 3],
    ['--v 3', ['--v', '3'], 'logging.verbosity', 3],
    ['a value with = in it', ['--provider-id=kind://docker/a=b'], 'providerID', 'kind://docker/a=b'],
    ['a negative number', ['--oom-score-adj', '-500'], 'oomScoreAdj', -500],
    ['a list', ['--cluster-dns=10.96.0.10,10.96.0.11'], 'clusterDNS', ['10.96.0.10', '10.96.0.11']],
    [
      'lists add up',
      ['--cluster-dns=10.96.0.10', '--cluster-dns=10.96.0.11'],
      'clusterDNS',
      ['10.96.0.10', '10.96.0.11'],
    ],
    ['a map', ['--system-reserved=cpu=100m,memory=1Gi'], 'systemReserved', { cpu: '100m', memory: '1Gi' }],
    ['thresholds', ['--eviction-hard=memory.available<100Mi'], 'evictionHard', { 'memory.available': '100Mi' }],
    ['gates', ['--feature-gates=A=true,B=false'], 'featureGates', { A: true, B: false }],
    ['durations stay text', ['--sync-frequency=90s'], 'syncFrequency', '90s'],
    [
      'taints',
      ['--register-with-taints=a=b:NoSchedule,c:NoExecute'],
      'registerWithTaints',
      [
        { key: 'a', value: 'b', effect: 'NoSchedule' },
        { key: 'c', effect: 'NoExecute' },
      ],
    ],
    ['headers', ['--manifest-url-header=X-A:1,X-A:2,X-B:3'], 'staticPodURLHeader', { 'X-A': ['1', '2'], 'X-B': ['3'] }],
  ])('%s', (_name, argv, field, value) => expect(overridesOf(...argv)[field]).toEqual(value));

  test('flags outside the configuration file', () => {
    expect(
      run('--kubeconfig=/k', '--node-labels=a=1', '--node-labels=b=2', '--minimum-container-ttl-duration=1m').flags,
    ).toMatchObject({
      kubeconfig: '/k',
      nodeLabels: { a: '1', b: '2' },
      minimumContainerTtlMs: 60_000,
      certDir: '/var/lib/kubelet/pki',
    });
  });
});

describe('what is refused', () => {
  test.each([
    ['an unknown flag, with what was meant', ['--max-pod=2'], 'unknown flag: --max-pod (did you mean --max-pods?)'],
    ['an unknown flag like nothing', ['--frobnicate-the-flux'], /unknown flag: --frobnicate-the-flux$/],
    ['an unknown short flag', ['-x'], "unknown shorthand flag: 'x' in -x"],
    ['a word', ['start'], 'unknown command start'],
    ['a flag without its value', ['--max-pods'], 'flag needs an argument: --max-pods'],
    ['not a number', ['--max-pods=many'], 'invalid argument "many" for "--max-pods" flag'],
    ['not a boolean', ['--fail-swap-on=perhaps'], 'invalid argument "perhaps" for "--fail-swap-on" flag'],
    ['not a duration', ['--sync-frequency=5'], 'time: invalid duration "5"'],
    ['not a taint', ['--register-with-taints=a=b'], 'invalid taint spec: a=b'],
    ['a cloud provider', ['--cloud-provider=aws'], 'unknown cloud provider "aws"'],
  ])('%s', (_name, argv, message) => expect(() => parseFlags(argv)).toThrow(message));

  test('with the words that upstream begins with', () =>
    expect(() => parseFlags(['--nope'])).toThrow(/^failed to parse kubelet flag: /));
});

describe('what is only warned of', () => {
  /** The line of the study notes: half of its flags are gone upstream. */
  const notes = [
    '--allowed-unsafe-sysctls=kernel.shm*,net.*',
    '--node-ip=172.18.0.3',
    '--register-with-taints=a=b:NoSchedule',
    '--node-labels=a=b',
    '--log-dir=/var/log',
    '--logtostderr=false',
    '--cni-bin-dir=/opt/cni/bin',
    '--cni-conf-dir=/etc/cni/net.d',
    '--network-plugin=cni',
    '--pod-infra-container-image=registry.k8s.io/pause:3.10',
    '-v=4',
  ];

  test('flags of older kubelets: one line each that names what to do instead', () => {
    const { warnings, overrides, flags } = run(...notes);
    for (const name of [
      'log-dir',
      'logtostderr',
      'cni-bin-dir',
      'cni-conf-dir',
      'network-plugin',
      'pod-infra-container-image',
    ]) {
      const lines = warnings.filter((line) => line.startsWith(`Flag --${name} `));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/ignored: \S/);
    }
    expect(overrides.get('allowedUnsafeSysctls')).toEqual(['kernel.shm*', 'net.*']);
    expect(overrides.get('logging.verbosity')).toBe(4);
    expect(flags).toMatchObject({ nodeIp: '172.18.0.3', nodeLabels: { a: 'b' } });
  });

  test('flags that the configuration file has a field for', () =>
    expect(run('--max-pods=20').warnings).toEqual([expect.stringContaining('Flag --max-pods has been deprecated')]));

  test('nothing, for flags that are there to stay', () =>
    expect(run('-v=2', '--provider-id=x', '--fail-cgroupv1=false', '--config=/c', '--node-ip=::').warnings).toEqual(
      [],
    ));
});

test.each([
  ['--version', { kind: 'version', raw: false }],
  ['--version=raw', { kind: 'version', raw: true }],
  ['--help', { kind: 'help' }],
  ['-h', { kind: 'help' }],
])('%s', (flag, answer) => expect(parseFlags([flag])).toEqual(answer));
