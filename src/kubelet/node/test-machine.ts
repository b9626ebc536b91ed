import type { Machine } from './machine.ts';

/** A machine for tests: two cores and 4 GiB, unless something else is asked for. */
export const aMachine = (more: Partial<Machine> = {}): Machine => ({
  milliCpu: 2000,
  memoryBytes: 4 * 2 ** 30,
  swapBytes: 0,
  hugePages: new Map(),
  machineId: 'machine-1',
  inUserNamespace: false,
  systemUuid: 'system-1',
  bootId: 'boot-1',
  kernelVersion: '6.18.0',
  osImage: 'Debian GNU/Linux 13 (trixie)',
  architecture: 'amd64',
  ...more,
});
