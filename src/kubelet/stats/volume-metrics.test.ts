import { expect, test } from 'vitest';
import { renderVolumeMetrics } from './volume-metrics.ts';

const usage = {
  name: 'data',
  usedBytes: 4,
  inodesUsed: 2,
  fileSystem: { capacityBytes: 10, availableBytes: 6, inodes: 8, inodesFree: 5 },
  measuredAt: 1000,
};
const claim = { namespace: 'ns', name: 'claim' };

test('a claim’s figures, told once though two pods use it', () => {
  const samples = renderVolumeMetrics([
    { claim, usage },
    { claim, usage },
  ])
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const labels = '{namespace="ns",persistentvolumeclaim="claim"}';
  expect(samples).toEqual([
    `kubelet_volume_stats_capacity_bytes${labels} 10 1000`,
    `kubelet_volume_stats_available_bytes${labels} 6 1000`,
    `kubelet_volume_stats_used_bytes${labels} 4 1000`,
    `kubelet_volume_stats_inodes${labels} 8 1000`,
    `kubelet_volume_stats_inodes_free${labels} 5 1000`,
    `kubelet_volume_stats_inodes_used${labels} 2 1000`,
  ]);
});

test('without claims there is nothing to tell', () => expect(renderVolumeMetrics([])).toBe(''));
