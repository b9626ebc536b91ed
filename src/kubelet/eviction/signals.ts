/** What a node can run short of. https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#eviction-signals */
export type Signal =
  | 'memory.available'
  | 'allocatableMemory.available'
  | 'nodefs.available'
  | 'nodefs.inodesFree'
  | 'imagefs.available'
  | 'imagefs.inodesFree'
  | 'containerfs.available'
  | 'containerfs.inodesFree'
  | 'pid.available';

export type NodeCondition = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

/** What is given back by evicting a pod, as messages name it. */
export type StarvedResource = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids';

interface SignalFacts {
  readonly condition: NodeCondition;
  readonly resource: StarvedResource;
}

const disk: SignalFacts = { condition: 'DiskPressure', resource: 'ephemeral-storage' };
const inodes: SignalFacts = { condition: 'DiskPressure', resource: 'inodes' };
const memory: SignalFacts = { condition: 'MemoryPressure', resource: 'memory' };

export const signalFacts: Readonly<Record<Signal, SignalFacts>> = {
  'memory.available': memory,
  'allocatableMemory.available': memory,
  'nodefs.available': disk,
  'nodefs.inodesFree': inodes,
  'imagefs.available': disk,
  'imagefs.inodesFree': inodes,
  'containerfs.available': disk,
  'containerfs.inodesFree': inodes,
  'pid.available': { condition: 'PIDPressure', resource: 'pids' },
};

export const isSignal = (name: string): name is Signal => Object.hasOwn(signalFacts, name);

/** One reading of a signal: bytes, inodes or process IDs. */
export interface Reading {
  readonly available: number;
  readonly capacity: number;
}

export type Readings = ReadonlyMap<Signal, Reading>;

/**
 * Which file systems there are: one for everything; a second one for images and containers' writable layers; or a
 * second one for images alone.
 */
export type DiskLayout = 'shared' | 'imagesAndContainers' | 'imagesOnly';
