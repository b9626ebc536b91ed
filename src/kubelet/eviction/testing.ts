import type { PodUsage } from '../stats/index.ts';

/** Builders for the tests of this folder. */

const nothing: PodUsage = { memoryBytes: 0, processes: 0, containers: [], volumes: [] };

export const aUsage = (more: Partial<PodUsage> = {}): PodUsage => ({ ...nothing, ...more });

export const aContainerUsage = (
  name: string,
  more: Partial<PodUsage['containers'][number]> = {},
): PodUsage['containers'][number] => ({
  name,
  memoryBytes: 0,
  layerBytes: 0,
  layerInodes: 0,
  logBytes: 0,
  logInodes: 0,
  ...more,
});

export const mebi = 2 ** 20;
