import { expect, test } from 'vitest';
import type { MeasureKey, Sample, Subject } from './measures.ts';
import { computeRows } from './rows.ts';

const sample = (measure: MeasureKey, subject: Subject, value: number, round = 0): Sample => ({
  measure,
  subject,
  round,
  value,
});

test('rounds become medians, and the medians a ratio', () => {
  const [row, ...others] = computeRows([
    sample('burst50.ready', 'klab', 4, 0),
    sample('burst50.ready', 'klab', 6, 1),
    sample('burst50.ready', 'klab', 50, 2),
    sample('burst50.ready', 'upstream', 12),
    sample('burst50.ready', 'runtime', 3),
  ]);
  expect(others).toEqual([]);
  expect(row?.klab).toEqual({ count: 3, median: 6, smallest: 4, largest: 50 });
  expect(row?.upstream.median).toBe(12);
  expect(row?.runtime.median).toBe(3);
  expect(row?.ratio).toBe(0.5);
});

test('lines stand in the order of the table of measures, not of the rounds', () => {
  const rows = computeRows([
    sample('idle.cpu', 'klab', 1),
    sample('burst10.ready', 'klab', 1),
    sample('latency.p50', 'klab', 1),
  ]);
  expect(rows.map(({ measure }) => measure)).toEqual(['latency.p50', 'burst10.ready', 'idle.cpu']);
});

test('what only one of them was measured for has no ratio', () => {
  expect(computeRows([sample('idle.cpu', 'klab', 1)])[0]?.ratio).toBeNaN();
});
