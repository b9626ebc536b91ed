import { expect, it } from 'vitest';
import { VolumeUsage_Unit as Unit } from '../../cri/generated/csi.ts';
import { computeDrivenUsage } from './volume-stats.ts';

const bytes = { available: 6n, total: 10n, used: 4n, unit: Unit.BYTES };
const inodes = { available: 5n, total: 8n, used: 3n, unit: Unit.INODES };
const ofBytes = { capacityBytes: 10, availableBytes: 6 };

it.each([
  ['bytes and inodes', [bytes, inodes], 4, 3, { ...ofBytes, inodes: 8, inodesFree: 5 }],
  ['inodes first', [inodes, bytes], 4, 3, { ...ofBytes, inodes: 8, inodesFree: 5 }],
  [
    'figures of an unknown unit',
    [bytes, { ...inodes, unit: Unit.UNKNOWN }],
    4,
    0,
    { ...ofBytes, inodes: 0, inodesFree: 0 },
  ],
  ['bytes alone', [bytes], 4, 0, { ...ofBytes, inodes: 0, inodesFree: 0 }],
])('a driver’s %s are read', (_, usage, usedBytes, inodesUsed, fileSystem) => {
  expect(computeDrivenUsage({ usage })).toEqual({ usedBytes, inodesUsed, fileSystem });
});

it('a driver that answers with nothing is refused', () => {
  expect(() => computeDrivenUsage({ usage: [] })).toThrow('without any usage');
});
