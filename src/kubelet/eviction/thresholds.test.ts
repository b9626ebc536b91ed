import { expect, test } from 'vitest';
import { type EvictionSettings, parseThresholds, withContainerFs } from './thresholds.ts';

const parse = (settings: Partial<EvictionSettings>) => parseThresholds({ enforceNodeAllocatable: [], ...settings });

test('amounts, shares and what is to be reclaimed', () => {
  expect(
    parse({
      evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%' },
      evictionMinimumReclaim: { 'nodefs.available': '500Mi' },
    }),
  ).toEqual([
    {
      signal: 'memory.available',
      below: { kind: 'quantity', value: 100 * 2 ** 20 },
      graceMs: 0,
      minReclaim: undefined,
    },
    {
      signal: 'nodefs.available',
      below: { kind: 'share', of1: 0.1 },
      graceMs: 0,
      minReclaim: { kind: 'quantity', value: 500 * 2 ** 20 },
    },
  ]);
});

test('a soft threshold has its grace period', () => {
  const [soft] = parse({
    evictionSoft: { 'pid.available': '5%' },
    evictionSoftGracePeriod: { 'pid.available': '1m30s' },
  });
  expect(soft).toMatchObject({ signal: 'pid.available', graceMs: 90_000 });
});

test('0% and 100% switch a threshold off', () => {
  expect(parse({ evictionHard: { 'nodefs.available': '0%', 'imagefs.available': '100%' } })).toEqual([]);
});

test('the memory of all pods together is watched where it is enforced', () => {
  const settings = { evictionHard: { 'memory.available': '1Gi' }, enforceNodeAllocatable: ['pods'] };
  expect(parse(settings).map(({ signal }) => signal)).toEqual(['memory.available', 'allocatableMemory.available']);
});

test.each<[string, Partial<EvictionSettings>, string]>([
  [
    'a signal that there is not',
    { evictionHard: { 'cpu.available': '1' } },
    'unsupported eviction signal cpu.available',
  ],
  ['nothing', { evictionHard: { 'memory.available': '0' } }, 'eviction threshold memory.available must be positive: 0'],
  [
    'no quantity',
    { evictionHard: { 'memory.available': 'much' } },
    'eviction memory.available: "much" is not a quantity',
  ],
  [
    'more than all',
    { evictionHard: { 'nodefs.available': '101%' } },
    'eviction percentage threshold nodefs.available must be <= 100%: 101%',
  ],
  [
    'less than nothing',
    { evictionHard: { 'nodefs.available': '-1%' } },
    'eviction percentage threshold nodefs.available must be >= 0%: -1%',
  ],
  ['no percentage', { evictionHard: { 'nodefs.available': 'x%' } }, '"x%" is not a percentage'],
  [
    'soft without grace',
    { evictionSoft: { 'memory.available': '1Gi' } },
    'grace period must be specified for the soft eviction threshold memory.available',
  ],
  [
    'a negative grace period',
    { evictionSoftGracePeriod: { 'memory.available': '-1s' } },
    'invalid eviction grace period specified: -1s, must be a positive value',
  ],
  [
    'a negative reclaim',
    { evictionMinimumReclaim: { 'memory.available': '-1' } },
    'negative eviction minimum reclaim specified for memory.available',
  ],
])('%s is refused', (_name, settings, message) => {
  expect(() => parse(settings)).toThrow(message);
});

test('the file system of the containers follows the one it lies on', () => {
  const thresholds = parse({
    evictionHard: { 'nodefs.available': '1Gi', 'imagefs.available': '2Gi', 'containerfs.available': '3Gi' },
  });
  const containerFs = (layout: Parameters<typeof withContainerFs>[1]) =>
    withContainerFs(thresholds, layout)
      .filter(({ signal }) => signal === 'containerfs.available')
      .map(({ below }) => below);
  const gibi = (value: number) => [{ kind: 'quantity', value: value * 2 ** 30 }];
  expect(containerFs('shared')).toEqual(gibi(1));
  expect(containerFs('imagesOnly')).toEqual(gibi(1));
  expect(containerFs('imagesAndContainers')).toEqual(gibi(2));
});
