import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { computeConfiguration, loadKubeletConfiguration, parseConfigFile } from './load.ts';
import { type ParsedFlags, parseFlags } from './parse-flags.ts';

const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

function flagsOf(...argv: string[]): ParsedFlags {
  const parsed = parseFlags(argv);
  if (parsed.kind !== 'run') throw new Error('not a run');
  return parsed;
}

const fromFile = (text: string, ...argv: string[]) =>
  computeConfiguration(parseConfigFile(head + text, 'config.yaml').tree, flagsOf(...argv).overrides);

describe('which value counts', () => {
  test('without a file: the open ways of the oldest kubelets', () =>
    expect(computeConfiguration(undefined, new Map())).toMatchObject({
      readOnlyPort: 10255,
      authentication: { anonymous: { enabled: true }, webhook: { enabled: false, cacheTTL: '2m0s' } },
      authorization: { mode: 'AlwaysAllow' },
    }));

  test('without a file there are no hard eviction thresholds', () =>
    expect(computeConfiguration(undefined, new Map()).evictionHard).toBeUndefined());

  test('with a file: closed', () => {
    const config = fromFile('');
    expect(config).toMatchObject({
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
      authorization: { mode: 'Webhook' },
    });
    expect(config.readOnlyPort).toBeUndefined();
    expect(config.evictionHard).toMatchObject({ 'memory.available': '100Mi' });
  });

  test.each([
    ['the file above the defaults', 'maxPods: 20', [], { maxPods: 20 }],
    ['a flag above the file', 'maxPods: 20', ['--max-pods=30'], { maxPods: 30 }],
    [
      'a nested field leaves its neighbours',
      'authentication: {anonymous: {enabled: true}}',
      [],
      {
        authentication: { anonymous: { enabled: true }, webhook: { enabled: true, cacheTTL: '2m0s' } },
      },
    ],
    [
      'gates: key by key, the flag wins',
      'featureGates: {A: true, B: true}',
      ['--feature-gates=B=false,C=true'],
      {
        featureGates: { A: true, B: false, C: true },
      },
    ],
    ['zero durations mean the default', 'syncFrequency: 0s', [], { syncFrequency: '1m0s' }],
    [
      'zero numbers that cannot be meant, too',
      'maxPods: 0\nlogging: {flushFrequency: 0}',
      [],
      {
        maxPods: 110,
        logging: { flushFrequency: '5s' },
      },
    ],
    [
      'zero numbers that can be meant stay',
      'healthzPort: 0\neventRecordQPS: 0',
      [],
      {
        healthzPort: 0,
        eventRecordQPS: 0,
      },
    ],
    ['no resolv.conf at all', 'resolvConf: ""', [], { resolvConf: '' }],
    ['durations are printed as Go does', 'syncFrequency: 90s', [], { syncFrequency: '1m30s' }],
    [
      'update frequency given: reports follow it',
      'nodeStatusUpdateFrequency: 30s',
      [],
      {
        nodeStatusReportFrequency: '30s',
      },
    ],
    [
      'update frequency left to the default: reports do not',
      'nodeStatusUpdateFrequency: 0s',
      [],
      {
        nodeStatusReportFrequency: '5m0s',
      },
    ],
    [
      'eviction thresholds given: they are all there are',
      'evictionHard: {memory.available: 1Gi}',
      [],
      {
        evictionHard: { 'memory.available': '1Gi' },
      },
    ],
    ['an empty map is given, too', 'evictionHard: {}', [], { evictionHard: {} }],
    [
      'several pulls at a time: not one after the other',
      'maxParallelImagePulls: 3',
      [],
      { serializeImagePulls: false },
    ],
    [
      'unless that was asked for',
      'maxParallelImagePulls: 3\nserializeImagePulls: true',
      [],
      {
        serializeImagePulls: true,
      },
    ],
  ])('%s', (_name, text, argv, expected) => expect(fromFile(text, ...argv)).toMatchObject(expected));

  test('thresholds beside the defaults, where that is asked for', () =>
    expect(fromFile('mergeDefaultEvictionSettings: true\nevictionHard: {memory.available: 1Gi}').evictionHard).toEqual({
      'imagefs.available': '15%',
      'imagefs.inodesFree': '5%',
      'memory.available': '1Gi',
      'nodefs.available': '10%',
      'nodefs.inodesFree': '5%',
    }));

  test('an empty evictionHard is not merged with the defaults', () =>
    expect(fromFile('evictionHard: {}').evictionHard).toEqual({}));
});

describe('a file', () => {
  test.each([
    ['that is empty', '', 'was empty'],
    ['of another kind', 'apiVersion: v1\nkind: Pod', 'no kind "Pod" is registered for version "v1"'],
    ['without a kind', 'maxPods: 1', 'no kind ""'],
    ['that is not YAML', `${head}a: [`, 'failed to load kubelet config file, path: config.yaml'],
    ['that is a list', '- 1', 'it is not a KubeletConfiguration'],
  ])('%s is refused', (_name, text, message) => expect(() => parseConfigFile(text, 'config.yaml')).toThrow(message));

  test.each([
    ['an unknown field', 'maxpods: 3', 'unknown field "maxpods"'],
    ['a field twice', 'maxPods: 3\nmaxPods: 4', 'unique'],
  ])('with %s is read all the same, with a warning', (_name, text, problem) => {
    const { warnings } = parseConfigFile(head + text, 'config.yaml');
    expect(warnings).toEqual([expect.stringContaining('Using lenient decoding as strict decoding failed')]);
    expect(warnings[0]).toContain(problem);
  });

  test('has the truths, times and lists of digits that Go reads in YAML', () =>
    expect(
      parseConfigFile(`${head}failSwapOn: no\nregisterNode: on\nproviderID: 1:20\nclusterDomain: 2020-01-01`, 'c').tree,
    ).toMatchObject({ failSwapOn: false, registerNode: true, providerID: '1:20', clusterDomain: '2020-01-01' }));

  test('that holds what its fields cannot is refused', () =>
    expect(() => parseConfigFile(`${head}maxPods: "7"`, 'config.yaml')).toThrow(
      'failed to decode: json: cannot unmarshal string into Go struct field KubeletConfiguration.maxPods of type int32',
    ));

  test('may be JSON', () =>
    expect(
      parseConfigFile('{"apiVersion":"kubelet.config.k8s.io/v1beta1","kind":"KubeletConfiguration","maxPods":7}', 'c')
        .tree.maxPods,
    ).toBe(7));
});

describe('files on disk', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kubelet-config-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const load = (...argv: string[]) => loadKubeletConfiguration(flagsOf(...argv));

  test('relative paths start at the file', async () => {
    const path = join(folder, 'config.yaml');
    await writeFile(path, `${head}staticPodPath: manifests\nauthentication: {x509: {clientCAFile: /etc/ca.crt}}`);
    expect((await load(`--config=${path}`)).configuration).toMatchObject({
      staticPodPath: join(folder, 'manifests'),
      authentication: { x509: { clientCAFile: '/etc/ca.crt' } },
    });
  });

  test('drop-ins are merged over the file in the order of their names', async () => {
    const path = join(folder, 'config.yaml');
    const dropIns = join(folder, 'conf.d');
    await mkdir(join(dropIns, 'sub'), { recursive: true });
    await writeFile(path, `${head}maxPods: 1\nclusterDNS: [10.0.0.1, 10.0.0.2]\nclusterDomain: a.test`);
    await writeFile(join(dropIns, '20.conf'), `${head}maxPods: 3\nclusterDNS: [10.0.0.3]`);
    await writeFile(join(dropIns, '10.conf'), `${head}maxPods: 2\nclusterDomain: null`);
    await writeFile(join(dropIns, 'README'), 'not a configuration');
    const { configuration } = await load(`--config=${path}`, `--config-dir=${dropIns}`);
    expect(configuration).toMatchObject({ maxPods: 3, clusterDNS: ['10.0.0.3'] });
    expect(configuration.clusterDomain).toBeUndefined();
  });

  test('a drop-in must say what it is', async () => {
    await writeFile(join(folder, '10.conf'), 'maxPods: 2');
    await expect(load(`--config-dir=${folder}`)).rejects.toThrow('10.conf');
  });

  test('a file that is not there is named', async () =>
    expect(load('--config=/nowhere/config.yaml')).rejects.toThrow('path: /nowhere/config.yaml'));

  test('every problem is told at once', async () =>
    expect(load('--max-pods=-1', '--port=0', '--feature-gates=Nope=true')).rejects.toThrow(
      /unrecognized feature gate: Nope.*--port.*--max-pods/s,
    ));
});
