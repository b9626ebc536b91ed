import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import type { MemoryQos } from '../resources/memory-protection.ts';
import { aContainer, aPod } from '../test-builders.ts';
import { computeSwapLimit, renderMemoryQos } from './memory.ts';

const mebi = 2 ** 20;
const asking = (request: string, limit?: string) =>
  aContainer('main', { resources: { requests: { memory: request }, ...(limit ? { limits: { memory: limit } } : {}) } });
const podWith = (container: ReturnType<typeof asking>, rest: object = {}): Pod =>
  aPod({ containers: [container], ...rest });

test.each<[string, ReturnType<typeof asking>, object, number]>([
  ['a quarter of the memory, a quarter of the swap', asking('256Mi', '1Gi'), {}, 128 * mebi],
  ['no limit', asking('256Mi'), {}, 128 * mebi],
  ['nothing asked for, in a burstable pod', aContainer('main', { resources: { requests: { cpu: '1' } } }), {}, 0],
  ['no room to grow', asking('256Mi', '256Mi'), {}, 0],
  ['best effort', aContainer('main'), {}, 0],
  ['critical', asking('256Mi', '1Gi'), { priority: 2_000_001_000 }, 0],
  ['more than there is', asking('2Gi'), {}, 0],
])('limited swap: %s', (_name, container, rest, bytes) => {
  const settings = { limited: true, nodeSwapBytes: 512 * mebi, nodeMemoryBytes: 2 ** 30 };
  expect(computeSwapLimit(podWith(container, rest), container, settings)).toBe(bytes);
  expect(computeSwapLimit(podWith(container, rest), container, { ...settings, limited: false })).toBe(0);
});

const off: MemoryQos = { throttlingFactor: undefined, tiered: false, allocatableBytes: 2 ** 30 };
const slow: MemoryQos = { ...off, throttlingFactor: 0.5 };
const tiered: MemoryQos = { ...off, tiered: true };
const cpu = { requests: { cpu: '1' }, limits: { cpu: '1' } };

test.each<[string, ReturnType<typeof asking>, MemoryQos | undefined, object, Record<string, string>]>([
  ['the feature is off', asking('1Mi', '3Mi'), undefined, {}, { 'memory.high': 'max' }],
  ['nothing configured', asking('1Mi', '3Mi'), off, {}, { 'memory.min': '0', 'memory.low': '0' }],
  [
    'slowed down half way to its limit',
    asking('1Mi', '3Mi'),
    slow,
    {},
    { 'memory.min': '0', 'memory.low': '0', 'memory.high': String(2 * mebi) },
  ],
  ['in whole pages', asking('1Mi', '1049601'), slow, {}, { 'memory.min': '0', 'memory.low': '0' }],
  [
    'without a limit all that pods may use is one',
    aContainer('main'),
    slow,
    {},
    { 'memory.min': '0', 'memory.low': '0', 'memory.high': String(2 ** 29) },
  ],
  ['no room to grow', asking('1Mi', '1Mi'), slow, {}, { 'memory.min': '0', 'memory.low': '0' }],
  [
    'the pod as a whole is slowed down instead',
    aContainer('main'),
    slow,
    { resources: { limits: { memory: '8Mi' } } },
    { 'memory.min': '0', 'memory.low': '0' },
  ],
  ['burstable: kept as far as may be', asking('1Mi', '3Mi'), tiered, {}, { 'memory.low': String(mebi) }],
  [
    'guaranteed: kept',
    aContainer('main', {
      resources: { requests: { ...cpu.requests, memory: '1Mi' }, limits: { ...cpu.limits, memory: '1Mi' } },
    }),
    tiered,
    {},
    { 'memory.min': String(mebi) },
  ],
])('memory’s quality of service: %s', (_name, container, qos, rest, files) => {
  expect(renderMemoryQos(podWith(container, rest), container, qos)).toEqual(files);
});
