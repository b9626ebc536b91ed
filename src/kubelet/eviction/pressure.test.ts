import { expect, test } from 'vitest';
import { decidePressure, noPressure, type PressureState } from './pressure.ts';
import type { Signal } from './signals.ts';
import type { Threshold } from './thresholds.ts';

const aThreshold = (signal: Signal, value: number, more: Partial<Threshold> = {}): Threshold => ({
  signal,
  below: { kind: 'quantity', value },
  graceMs: 0,
  minReclaim: undefined,
  ...more,
});

const look = (
  thresholds: readonly Threshold[],
  available: Partial<Record<Signal, number>>,
  { before = noPressure, now = 1000 }: { before?: PressureState; now?: number } = {},
) =>
  decidePressure({
    thresholds,
    readings: new Map(
      Object.entries(available).map(([signal, left]) => [signal as Signal, { available: left, capacity: 1000 }]),
    ),
    before,
    now,
    transitionMs: 300_000,
  });

const memory = aThreshold('memory.available', 100);

test('with enough left, nothing is to be done', () => {
  expect(look([memory], { 'memory.available': 100 })).toMatchObject({ conditions: [], reclaim: undefined });
});

test('a hard threshold is acted on at once', () => {
  const { conditions, reclaim } = look([memory], { 'memory.available': 99 });
  expect(conditions).toEqual(['MemoryPressure']);
  expect(reclaim).toEqual({ threshold: memory, resource: 'memory' });
});

test('a share is one of the capacity', () => {
  const threshold = aThreshold('nodefs.available', 0, { below: { kind: 'share', of1: 0.1 } });
  expect(look([threshold], { 'nodefs.available': 100 }).conditions).toEqual([]);
  expect(look([threshold], { 'nodefs.available': 99 }).conditions).toEqual(['DiskPressure']);
});

test('a soft threshold is told of at once, and acted on when it was met for its grace period', () => {
  const soft = aThreshold('pid.available', 100, { graceMs: 60_000 });
  const first = look([soft], { 'pid.available': 1 }, { now: 1000 });
  expect(first).toMatchObject({ conditions: ['PIDPressure'], reclaim: undefined });
  const early = look([soft], { 'pid.available': 1 }, { before: first.state, now: 60_999 });
  expect(early.reclaim).toBeUndefined();
  const due = look([soft], { 'pid.available': 1 }, { before: early.state, now: 61_000 });
  expect(due.reclaim?.resource).toBe('pids');
});

test('a break begins the grace period anew', () => {
  const soft = aThreshold('pid.available', 100, { graceMs: 60_000 });
  const first = look([soft], { 'pid.available': 1 }, { now: 0 });
  const better = look([soft], { 'pid.available': 500 }, { before: first.state, now: 30_000 });
  const again = look([soft], { 'pid.available': 1 }, { before: better.state, now: 70_000 });
  expect(again.reclaim).toBeUndefined();
});

test('a condition stays for the transition period', () => {
  const first = look([memory], { 'memory.available': 1 }, { now: 0 });
  const well = look([memory], { 'memory.available': 900 }, { before: first.state, now: 299_999 });
  expect(well).toMatchObject({ conditions: ['MemoryPressure'], reclaim: undefined });
  expect(look([memory], { 'memory.available': 900 }, { before: well.state, now: 300_000 }).conditions).toEqual([]);
});

test('what was met stays so until the minimum was reclaimed', () => {
  const threshold = aThreshold('nodefs.available', 100, { minReclaim: { kind: 'quantity', value: 50 } });
  expect(look([threshold], { 'nodefs.available': 120 }).reclaim).toBeUndefined();
  const met = look([threshold], { 'nodefs.available': 99 });
  const between = look([threshold], { 'nodefs.available': 149 }, { before: met.state });
  expect(between.reclaim?.threshold).toBe(threshold);
  expect(look([threshold], { 'nodefs.available': 150 }, { before: between.state }).reclaim).toBeUndefined();
});

test('memory goes first', () => {
  const both = [aThreshold('nodefs.available', 100), aThreshold('allocatableMemory.available', 100)];
  const decision = look(both, { 'nodefs.available': 1, 'allocatableMemory.available': 1 });
  expect(decision.reclaim?.threshold.signal).toBe('allocatableMemory.available');
  expect(decision.due).toHaveLength(2);
  expect(decision.conditions).toEqual(['MemoryPressure', 'DiskPressure']);
});

test('what could not be read is not met', () => {
  expect(look([memory], {}).conditions).toEqual([]);
});
