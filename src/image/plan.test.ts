import { expect, test } from 'vitest';
import { type Inputs, inputNames, type OptionalPart, partKey, planParts } from './plan.ts';

const inputsOf = (changes: Inputs = {}): Inputs => ({
  ...Object.fromEntries(inputNames(['upstream-kubelet']).map((name) => [name, `digest of ${name}`])),
  ...changes,
});

const keysOf = (inputs: Inputs, withParts: readonly OptionalPart[] = ['upstream-kubelet']) =>
  new Map(planParts({ withParts, labels: {}, inputs }).map(({ name, key }) => [name, key]));

/** The parts that have to be made again when some inputs change. */
const remade = (changes: Inputs) => {
  const before = keysOf(inputsOf());
  return [...keysOf(inputsOf(changes))].filter(([name, key]) => before.get(name) !== key).map(([name]) => name);
};

test.each<[string, Inputs, readonly string[]]>([
  ['nothing', {}, []],
  ['a source of the bundled programs', { bundles: 'other' }, ['bundles', 'node']],
  ['a file of rootfs', { rootfs: 'other' }, ['node']],
  ['the version of etcd', { 'parts/etcd': 'other' }, ['etcd', 'images', 'node']],
  [
    'the version of Kubernetes',
    { 'parts/kubernetes': 'other' },
    ['kubernetes', 'upstream-kubelet', 'binaries', 'images', 'node'],
  ],
  ['the recipe of the contained images', { 'contained-images': 'other' }, ['images', 'node']],
  ['the list of Debian packages', { 'stage:packages': 'other' }, ['packages', 'tools', 'binaries', 'images', 'node']],
])('a change of %s remakes only what depends on it', (_name, changes, want) => {
  expect(remade(changes)).toEqual(want);
});

test('every part comes after the parts that it needs, and the node image is last', () => {
  const plan = planParts({ withParts: ['upstream-kubelet'], labels: {}, inputs: inputsOf() });
  const seen = new Set<string>();
  for (const { name, needs } of plan) {
    expect(needs.filter((need) => !seen.has(need))).toEqual([]);
    seen.add(name);
  }
  expect(plan.at(-1)?.name).toBe('node');
});

test("without upstream's kubelet the image has another key and no such part", () => {
  const without = keysOf(inputsOf(), []);
  expect([...without.keys()]).not.toContain('upstream-kubelet');
  expect(without.get('node')).not.toBe(keysOf(inputsOf()).get('node'));
  expect(without.get('kubernetes')).toBe(keysOf(inputsOf()).get('kubernetes'));
});

test('labels are part of the node image only', () => {
  const labelled = planParts({ withParts: [], labels: { a: 'b' }, inputs: inputsOf() });
  const plain = planParts({ withParts: [], labels: {}, inputs: inputsOf() });
  expect(labelled.filter((part, i) => part.key !== plain[i]?.key).map(({ name }) => name)).toEqual(['node']);
});

test('an input that nobody read is a mistake, not an empty digest', () => {
  expect(() => planParts({ withParts: [], labels: {}, inputs: {} })).toThrow('architecture');
});

test('a key does not depend on the order of what it is made from', () => {
  const recipe = { kind: 'tools' } as const;
  const a = ['a', '1'] as const;
  const b = ['b', '2'] as const;
  expect(partKey(recipe, [a, b])).toBe(partKey(recipe, [b, a]));
  expect(partKey(recipe, [a], [b])).not.toBe(partKey(recipe, [b], [a]));
});
