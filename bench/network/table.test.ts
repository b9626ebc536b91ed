import { expect, test } from 'vitest';
import { renderNetworkTable } from './table.ts';

test('medians of the rounds, with their spread', () => {
  const one = {
    network: 'default',
    throughputAcross: [2 ** 20, 3 * 2 ** 20, 2 * 2 ** 20],
    throughputNear: [2 ** 30],
    echoAcross: [[1, 2, 3], [5]],
    podAcross: [],
    serviceAcross: [[1.5]],
  };
  const lines = renderNetworkTable([one, { ...one, network: 'other' }]).split('\n');
  expect(lines.slice(0, 4)).toEqual([
    '| | default | other |',
    '| --- | ---: | ---: |',
    '| pod to pod, two nodes, MiB/s | 2.00 (1.00–3.00) | 2.00 (1.00–3.00) |',
    '| pod to pod, one node, MiB/s | 1024 | 1024 |',
  ]);
  expect(lines[4]).toBe('| round trip of a byte, two nodes, ms, p50 | 3.50 (2.00–5.00) | 3.50 (2.00–5.00) |');
  expect(lines[6]).toBe("| request to a pod's address, ms, p50 | – | – |");
});
