import { expect, test } from 'vitest';
import type { Pod } from '../../src/api/types.ts';
import { Timeline } from './timeline.ts';

const aPod = (name: string, phase: string, ready = false): Pod => ({
  metadata: { name },
  status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

test('the first time a pod is seen so counts', () => {
  const timeline = new Timeline();
  timeline.add({ kind: 'synced', objects: [aPod('a', 'Running')] }, 100);
  timeline.add({ kind: 'set', object: aPod('a', 'Running', true) }, 200);
  timeline.add({ kind: 'set', object: aPod('a', 'Running', true) }, 300);
  expect([timeline.at('running', 'a'), timeline.at('ready', 'a')]).toEqual([100, 200]);
});

test('Pending and not Ready are no moments', () => {
  const timeline = new Timeline();
  timeline.add({ kind: 'set', object: aPod('a', 'Pending') }, 100);
  expect(timeline.count('running') + timeline.count('ready') + timeline.count('ended')).toBe(0);
  expect(timeline.last('ready')).toBeNaN();
});

test('a pod that ends is still there; one that is deleted is gone', () => {
  const timeline = new Timeline();
  timeline.add({ kind: 'set', object: aPod('a', 'Failed') }, 100);
  expect([timeline.count('ended'), timeline.count('gone')]).toEqual([1, 0]);
  timeline.add({ kind: 'deleted', object: aPod('a', 'Failed') }, 150);
  expect([timeline.at('ended', 'a'), timeline.at('gone', 'a')]).toEqual([100, 150]);
});

test('a burst has come so far when its last pod has', () => {
  const timeline = new Timeline();
  timeline.add({ kind: 'set', object: aPod('slow', 'Running', true) }, 900);
  timeline.add({ kind: 'set', object: aPod('fast', 'Running', true) }, 400);
  expect([timeline.count('ready'), timeline.last('ready')]).toEqual([2, 900]);
});
