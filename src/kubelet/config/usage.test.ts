import { expect, test } from 'vitest';
import { configFlags, defaultFlags, ownFlags } from './flag-table.ts';
import { computeConfiguration } from './load.ts';
import { listFlags, renderUsage } from './usage.ts';

const defaults = computeConfiguration({}, new Map());

test('every flag is told with its value in force', () => {
  const config = computeConfiguration(
    { maxPods: 7, clusterDNS: ['10.0.0.1'], evictionHard: { 'a.b': '5%' } },
    new Map(),
  );
  const flags = new Map(listFlags({ ...defaultFlags, nodeIp: '10.0.0.2' }, config));
  expect([...flags.keys()].sort()).toEqual([...Object.keys(configFlags), ...Object.keys(ownFlags)].sort());
  expect(flags.get('max-pods')).toBe('7');
  expect(flags.get('cluster-dns')).toBe('[10.0.0.1]');
  expect(flags.get('eviction-hard')).toContain('a.b=5%');
  expect(flags.get('node-ip')).toBe('10.0.0.2');
  expect(flags.get('anonymous-auth')).toBe('false');
});

test('the help names every flag once, with its default', () => {
  const lines = renderUsage(defaults).split('\n');
  for (const name of [...Object.keys(configFlags), ...Object.keys(ownFlags)])
    expect(lines.filter((line) => new RegExp(`--${name}( |$)`).test(line.slice(0, 60)))).toHaveLength(1);
  expect(lines.find((line) => line.includes('--max-pods '))).toMatch(
    /^ {6}--max-pods int +sets maxPods \(DEPRECATED: .*\) \(default 110\)$/,
  );
  expect(lines.find((line) => line.includes('--root-dir '))).toMatch(/\(default "\/var\/lib\/kubelet"\)$/);
});
