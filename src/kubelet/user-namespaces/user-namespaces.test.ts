import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { aPod } from '../test-builders.ts';
import { findFreeIds, parseSubordinateIds, problemOfRange } from './id-range.ts';
import { checkUserNamespaces, releaseUsers, type UserNamespacesOptions, userNamespaces } from './index.ts';
import { parseMappingFile } from './mapping-file.ts';

const block = 65_536;
const part = (nth: number, blocks = 1) => ({ first: nth * block, length: blocks * block });

test('what getsubids prints', () => {
  expect(parseSubordinateIds('0: kubelet 65536 2147483648\n')).toEqual({ first: 65_536, length: 2_147_483_648 });
});

test.each([
  ['nothing', ''],
  ['two lines', '0: kubelet 65536 1\n1: kubelet 131072 1\n'],
  ['no number', '0: kubelet many 1\n'],
  ['one more word', '0: kubelet 65536 65536 1\n'],
])('getsubids printing %s is a problem', (_name, output) => expect(() => parseSubordinateIds(output)).toThrow('line'));

test.each([
  ['all but the first block', { first: block, length: 2 ** 32 - block }, block, 110, undefined],
  ['the node’s own IDs', { first: 0, length: 200 * block }, block, 110, 'must be greater or equal to 65536'],
  [
    'a first ID between blocks',
    { first: block + 1, length: 200 * block },
    block,
    110,
    '65537 is not a multiple of 65536',
  ],
  ['a length between blocks', { first: block, length: 200 * block + 1 }, block, 110, 'is not a multiple of 65536'],
  ['too few for all pods', { first: block, length: 10 * block }, block, 110, 'are not enough to support 110 pods'],
  ['odd IDs per pod', { first: block, length: 200 * block }, 1000, 110, 'length 1000 is not a multiple of 65536'],
])('%s', (_name, range, idsPerPod, maxPods, problem) => {
  const found = problemOfRange(range, idsPerPod, maxPods);
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
});

test.each([
  ['the lowest', [], block],
  ['the gap', [part(1), part(3)], 2 * block],
  ['beyond a longer one', [part(1, 2)], 3 * block],
  ['none', [part(1), part(2), part(3)], undefined],
])('free IDs: %s', (_name, taken, expected) => {
  expect(findFreeIds({ first: block, length: 3 * block }, block, taken)).toBe(expected);
});

test.each([
  ['no JSON', '{'],
  ['two mappings', '{"uidMappings":[{"hostId":1,"containerId":0,"length":1},{"hostId":2,"containerId":1,"length":1}]}'],
  [
    'users and groups that differ',
    '{"uidMappings":[{"hostId":1,"containerId":0,"length":1}],"gidMappings":[{"hostId":2,"containerId":0,"length":1}]}',
  ],
  [
    'a root that is not mapped',
    '{"uidMappings":[{"hostId":1,"containerId":5,"length":1}],"gidMappings":[{"hostId":1,"containerId":5,"length":1}]}',
  ],
])('a mapping file with %s is refused', (_name, text) =>
  expect(() => parseMappingFile(text)).toThrow('invalid user namespace mappings file'),
);

test.each([
  ['can be used', { first: block, length: 3 * block }, 2, undefined],
  [
    'are too few',
    { first: block, length: 3 * block },
    4,
    'create user namespace manager: kubelet user assigned IDs are not enough to support 4 pods',
  ],
])('a kubelet starts only where its IDs can be used: they %s', async (_name, range, maxPods, problem) => {
  const check = checkUserNamespaces({ maxPods, readRange: async () => range });
  if (problem === undefined) await expect(check).resolves.toBeUndefined();
  else await expect(check).rejects.toThrow(problem);
});

test('nor does it where nobody can tell which they are', async () => {
  const readRange = () => Promise.reject(new Error('mismatched subuids and subgids for user "kubelet"'));
  await expect(checkUserNamespaces({ maxPods: 2, readRange })).rejects.toThrow(
    'create user namespace manager: kubelet mappings: mismatched subuids and subgids for user "kubelet"',
  );
});

describe('the users of pods', () => {
  let rootDir = '';
  beforeAll(async () => {
    rootDir = await mkdtemp(join(tmpdir(), 'userns-'));
  });
  afterAll(() => rm(rootDir, { recursive: true }));

  const own = (uid: string): Pod => ({ ...aPod({ hostUsers: false }), metadata: { uid } });
  const manager = (more: Partial<UserNamespacesOptions> = {}) =>
    userNamespaces({
      rootDir,
      maxPods: 2,
      runtimeHandler: async (pod) => pod.spec?.runtimeClassName ?? '',
      isSupported: (handler) => handler === '',
      readRange: async () => ({ first: block, length: 3 * block }),
      ...more,
    });
  const firstIdOf = async (pod: Pod, from = manager()) => (await from(pod)).uids[0]?.hostId;

  test.each([
    ['nothing said', {}],
    ['asked for', { hostUsers: true }],
  ])('are the node’s: %s', async (_name, spec) => {
    expect(await manager()(aPod(spec))).toEqual({ mode: 2, uids: [], gids: [] });
  });

  test('are its own otherwise, other than every other pod’s, and stay so', async () => {
    const namespaces = manager();
    const [one, two] = await Promise.all([namespaces(own('one')), namespaces(own('two'))]);
    expect(one).toEqual({
      mode: 0,
      uids: [{ hostId: block, containerId: 0, length: block }],
      gids: [{ hostId: block, containerId: 0, length: block }],
    });
    expect(two.uids[0]?.hostId).toBe(2 * block);
    expect(await firstIdOf(own('one'))).toBe(block);
    expect(JSON.parse(await readFile(join(rootDir, 'pods/one/userns'), 'utf8'))).toEqual({
      uidMappings: [{ hostId: block, containerId: 0, length: block }],
      gidMappings: [{ hostId: block, containerId: 0, length: block }],
    });
  });

  test('are free again when the pod gives them back', async () => {
    expect(await firstIdOf(own('three'))).toBe(3 * block);
    await expect(manager()(own('four'))).rejects.toThrow(
      'create user namespace: could not find an empty slot to allocate a user namespace',
    );
    await releaseUsers(rootDir, 'one');
    expect(await firstIdOf(own('four'))).toBe(block);
    await expect(releaseUsers(rootDir, 'never-there')).resolves.toBeUndefined();
    await rm(join(rootDir, 'pods'), { recursive: true });
  });

  test('are not given away while a pod’s cannot be read', async () => {
    await mkdir(join(rootDir, 'pods/broken'), { recursive: true });
    await writeFile(join(rootDir, 'pods/broken/userns'), '{');
    await expect(manager()(own('five'))).rejects.toThrow('invalid user namespace mappings file');
    await rm(join(rootDir, 'pods'), { recursive: true });
    expect(await firstIdOf(own('five'))).toBe(block);
  });

  test.each<[string, Pod, Partial<UserNamespacesOptions>, string]>([
    ['a runtime that cannot', own('six'), { isSupported: () => false }, 'runtime does not support user namespaces'],
    [
      'a runtime class that cannot',
      { ...own('six'), spec: { ...own('six').spec, containers: [], runtimeClassName: 'slim', hostUsers: false } },
      {},
      'RuntimeClass handler "slim" does not support user namespaces',
    ],
    ['a range that is too small', own('six'), { maxPods: 4 }, 'are not enough to support 4 pods'],
  ])('%s is a problem', async (_name, pod, more, problem) => {
    await expect(manager(more)(pod)).rejects.toThrow(problem);
  });
});
