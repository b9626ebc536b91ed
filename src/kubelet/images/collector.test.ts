import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Container, ContainerStatus } from '../../cri/generated/api.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { imageCollector } from './collector.ts';
import { bytesToFree, findOld, type ImagePolicy, removable, renderSize, updateRecords } from './garbage.ts';

const minute = 60_000;
const listed = (id: string, sizeBytes = 10, pinned = false) => ({ id, sizeBytes, pinned });
const ids = (records: readonly { id: string }[]) => records.map(({ id }) => id);

test('those longest out of use go first, the used and the pinned never', () => {
  const all = [listed('a'), listed('b'), listed('new'), listed('used'), listed('pinned', 10, true)];
  const first = updateRecords(new Map(), all.slice(0, 2), new Set(['a']), 1000);
  const second = updateRecords(first, all, new Set(['used']), 2000);
  expect(ids(removable(second))).toEqual(['b', 'new', 'a']);
  expect([...updateRecords(second, [listed('a')], new Set(), 3000).keys()]).toEqual(['a']);
});

test('an old image goes once the kubelet has watched for so long', () => {
  const records = updateRecords(new Map(), [listed('a')], new Set(), 0);
  const policy = { maxAgeMs: 10 * minute };
  expect(findOld(records, policy, { now: 10 * minute, watchedSince: 0 })).toEqual([]);
  expect(ids(findOld(records, policy, { now: 10 * minute + 1, watchedSince: 0 }))).toEqual(['a']);
  expect(findOld(records, { maxAgeMs: 0 }, { now: 10 * minute + 1, watchedSince: 0 })).toEqual([]);
});

test.each([
  ['below the threshold', 160, 0],
  ['at it, in whole percent', 151, 49],
  ['just at it', 150, 50],
  ['more available than there is', 2000, 0],
])('bytes to free: %s', (_name, availableBytes, expected) => {
  expect(bytesToFree({ capacityBytes: 1000, availableBytes }, { highPercent: 85, lowPercent: 80 })).toBe(expected);
});

test.each([
  [512, '512 B'],
  [1536, '1.5 KiB'],
  [252 * 2 ** 30, '252.0 GiB'],
  [3 * 2 ** 50, '3072.0 TiB'],
])('%d bytes are %s', (bytes, text) => expect(renderSize(bytes)).toBe(text));

const full: ImagePolicy = { highPercent: 85, lowPercent: 80, minAgeMs: 2 * minute, maxAgeMs: 0 };

/** A runtime whose disk gets emptier with each image that is removed. */
function aNode({
  policy = full,
  sizes = {} as Readonly<Record<string, number>>,
  used = [] as string[],
  available = 100,
}) {
  const clock = new FakeClock();
  const journal = memoryJournal();
  const images = new Map(Object.entries(sizes));
  let free = available;
  const failing = new Set<string>();
  const listed: (readonly string[])[] = [];
  const collector = imageCollector({
    onListed: async (ids) => void listed.push([...ids]),
    clock,
    journal,
    nodeName: 'n1',
    policy,
    images: {
      listImages: async () =>
        [...images].map(([id, size]) => ({
          id,
          repoTags: [`${id}:1`],
          repoDigests: [],
          size: BigInt(size),
          uid: undefined,
          username: '',
          spec: undefined,
          pinned: false,
        })),
      removeImage: async ({ image = '' }) => {
        if (failing.has(image)) throw new Error(`${image} is busy`);
        free += images.get(image) ?? 0;
        images.delete(image);
      },
      imageFsInfo: async () => ({ images: [], containers: [] }),
    },
    containers: {
      listContainers: async () => used.map((imageId) => Container.fromPartial({ id: imageId, imageId })),
      containerStatus: async () => ({
        status: ContainerStatus.fromPartial({ mounts: [{ image: { image: 'mounted:1' } }, { hostPath: '/x' }] }),
        info: {},
      }),
    },
    diskOf: async () => ({ capacityBytes: 1000, availableBytes: free }),
  });
  const stop = new AbortController();
  return {
    clock,
    journal,
    failing,
    listed,
    images,
    collector,
    kinds: () => journal.records.map(({ kind }) => kind),
    run: () => collector.run(stop.signal),
    stop: () => stop.abort(),
  };
}

test('a disk that is too full loses images until the lower threshold is met', async () => {
  const node = aNode({ sizes: { a: 60, b: 60, c: 60, mounted: 60, used: 60 }, used: ['used'] });
  void node.run();
  await node.clock.advance(0);
  // Young images are spared; that this is not enough is told of.
  expect([...node.images.keys()]).toEqual(['a', 'b', 'c', 'mounted', 'used']);
  expect(node.kinds()).toEqual(['imageGarbage.diskTooFull', 'imageGarbage.tooLittleFreed', 'imageGarbage.failed']);
  await node.clock.advance(5 * minute);
  expect([...node.images.keys()]).toEqual(['c', 'mounted', 'used']);
  node.stop();
});

test('a failure is an event only when the one before failed too', async () => {
  const node = aNode({ sizes: { a: 60 } });
  node.failing.add('a');
  void node.run();
  await node.clock.advance(10 * minute);
  const failures = node.journal.records.flatMap((record) =>
    record.kind === 'imageGarbage.failed' ? [record.again] : [],
  );
  expect(failures).toEqual([false, true, true]);
  node.stop();
});

test('when told to remove what is unused, it removes all that is old enough', async () => {
  const node = aNode({ sizes: { a: 60, used: 60 }, used: ['used'], available: 900 });
  await node.collector.removeUnused();
  expect(node.images.size).toBe(2);
  await node.clock.advance(2 * minute);
  await node.collector.removeUnused();
  expect([...node.images.keys()]).toEqual(['used']);
  expect(node.listed).toEqual([
    ['a', 'used'],
    ['a', 'used'],
  ]);
});

test('switched off, it does not even look', async () => {
  const node = aNode({ policy: { ...full, highPercent: 100 }, sizes: { a: 1 } });
  await node.run();
  expect(node.clock.sleeping).toBe(0);
});
