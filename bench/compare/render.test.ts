import { expect, test } from 'vitest';
import type { Sample } from './measures.ts';
import { renderChart } from './render-chart.ts';
import { renderNumber } from './render-number.ts';
import { renderTable } from './render-table.ts';
import { computeRows } from './rows.ts';

const samples: readonly Sample[] = [
  { measure: 'latency.p50', subject: 'klab', round: 0, value: 250 },
  { measure: 'latency.p50', subject: 'klab', round: 1, value: 350 },
  { measure: 'latency.p50', subject: 'upstream', round: 0, value: 600 },
  { measure: 'latency.p50', subject: 'runtime', round: 0, value: 166.4 },
  { measure: 'idle.memory', subject: 'klab', round: 0, value: 300 },
  { measure: 'idle.memory', subject: 'upstream', round: 0, value: 100 },
  { measure: 'burst10.ready', subject: 'klab', round: 0, value: 3 },
];

test.each([
  [1234.56, '1235'],
  [99.94, '99.9'],
  [9.876, '9.88'],
  [0, '0.00'],
  [-12.34, '-12.3'],
  [Number.NaN, '–'],
])('%d is written %s', (value, text) => {
  expect(renderNumber(value)).toBe(text);
});

test('the table: medians with their spread, the ratio, the floor', () => {
  expect(renderTable(computeRows(samples))).toBe(
    [
      '|                                      |          klab | upstream | klab ÷ upstream | runtime alone |',
      '| ------------------------------------ | ------------: | -------: | --------------: | ------------: |',
      '| one pod, created → Running: p50 (ms) | 300 (250–350) |      600 |          0.50 × |           166 |',
      '| 10 pods at once → all Ready (s)      |          3.00 |          |                 |               |',
      '| idle: memory (MB)                    |           300 |      100 |          3.00 × |               |',
    ].join('\n'),
  );
});

test('the chart: a bar for each ratio, as long as it says, up to the edge; none for what has no ratio', () => {
  const svg = renderChart(computeRows(samples));
  const bars = [...svg.matchAll(/<rect x="372"[^>]* width="([\d.]+)"[^>]*class="(\w+)"/g)].map(([, width, kind]) => [
    Number(width),
    kind,
  ]);
  expect(bars).toEqual([
    [90, 'less'],
    [360, 'more'],
  ]);
  expect(svg).toContain('300 : 600 ms');
  expect(svg).not.toContain('10 pods at once');
});

test('the chart is well-formed whatever a title holds', () => {
  const [row] = computeRows(samples);
  if (row === undefined) throw new Error('no row');
  expect(renderChart([{ ...row, title: 'a < b & c' }])).toContain('a &lt; b &amp; c');
});
