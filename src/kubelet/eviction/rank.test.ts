import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import type { PodUsage } from '../stats/index.ts';
import { aContainer, aPod } from '../test-builders.ts';
import { rankPods } from './rank.ts';
import type { DiskLayout, Signal } from './signals.ts';
import { aContainerUsage, aUsage, mebi } from './testing.ts';

interface Row {
  readonly memory?: string;
  readonly storage?: string;
  readonly priority?: number;
  readonly usage?: PodUsage;
}

const pod = (name: string, { memory, storage, priority }: Row): Pod =>
  aPod(
    {
      ...(priority === undefined ? {} : { priority }),
      volumes: [
        { name: 'scratch', emptyDir: {} },
        { name: 'claim', persistentVolumeClaim: { claimName: 'c' } },
      ],
      containers: [
        aContainer('main', {
          resources: {
            requests: {
              ...(memory === undefined ? {} : { memory }),
              ...(storage === undefined ? {} : { 'ephemeral-storage': storage }),
            },
          },
        }),
      ],
    },
    { name, uid: name },
  );

const rank = (signal: Signal, rows: Readonly<Record<string, Row>>, layout: DiskLayout = 'shared') =>
  rankPods({
    signal,
    layout,
    pods: Object.entries(rows).map(([name, row]) => pod(name, row)),
    usageOf: ({ metadata }) => rows[metadata?.name ?? '']?.usage,
  }).map(({ metadata }) => metadata?.name);

const memory = (mebis: number) => aUsage({ memoryBytes: mebis * mebi });
const disk = (parts: { layer?: number; log?: number; scratch?: number; claim?: number }) =>
  aUsage({
    containers: [aContainerUsage('main', { layerBytes: parts.layer ?? 0, logBytes: parts.log ?? 0 })],
    volumes: [
      { name: 'scratch', bytes: parts.scratch ?? 0, inodes: 0 },
      { name: 'claim', bytes: parts.claim ?? 0, inodes: 0 },
    ],
  });

test.each<[string, Signal, Record<string, Row>, DiskLayout, string[]]>([
  [
    'who is over its request goes before a lower priority',
    'memory.available',
    { within: { memory: '100Mi', usage: memory(99), priority: -1 }, over: { usage: memory(1), priority: 1000 } },
    'shared',
    ['over', 'within'],
  ],
  [
    'then the lower priority',
    'allocatableMemory.available',
    { high: { usage: memory(500), priority: 10 }, low: { usage: memory(1), priority: 1 } },
    'shared',
    ['low', 'high'],
  ],
  [
    'then who is furthest over its request',
    'memory.available',
    { big: { memory: '500Mi', usage: memory(510) }, small: { usage: memory(20) } },
    'shared',
    ['small', 'big'],
  ],
  [
    'of whom nothing is known comes first',
    'memory.available',
    { known: { usage: memory(500) }, unknown: { priority: 5 } },
    'shared',
    ['unknown', 'known'],
  ],
  [
    'process IDs: the priority, then the most',
    'pid.available',
    {
      few: { usage: aUsage({ processes: 2 }) },
      many: { usage: aUsage({ processes: 20 }) },
      low: { usage: aUsage({ processes: 1 }), priority: -1 },
    },
    'shared',
    ['low', 'many', 'few'],
  ],
  [
    'disk: layers, logs and local volumes, no claims',
    'nodefs.available',
    {
      claims: { usage: disk({ claim: 900 }) },
      layers: { usage: disk({ layer: 100 }) },
      all: { usage: disk({ layer: 50, log: 40, scratch: 30 }) },
    },
    'shared',
    ['all', 'layers', 'claims'],
  ],
  [
    'a request of storage counts',
    'imagefs.available',
    { asked: { storage: '1Ki', usage: disk({ layer: 1000 }) }, not: { usage: disk({ layer: 1 }) } },
    'shared',
    ['not', 'asked'],
  ],
  [
    'images on their own disk: there the layers count',
    'imagefs.available',
    { logs: { usage: disk({ log: 900 }) }, layers: { usage: disk({ layer: 1 }) } },
    'imagesAndContainers',
    ['layers', 'logs'],
  ],
  [
    'and on the node’s the rest',
    'nodefs.available',
    { layers: { usage: disk({ layer: 900 }) }, logs: { usage: disk({ log: 1 }) } },
    'imagesAndContainers',
    ['logs', 'layers'],
  ],
])('%s', (_name, signal, rows, layout, expected) => expect(rank(signal, rows, layout)).toEqual(expected));
