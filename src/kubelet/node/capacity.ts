import { milliOf, parseQuantity, unitsOf } from '../quantity.ts';
import type { Machine } from './machine.ts';

export type Quantities = Readonly<Record<string, string>>;

export interface CapacitySettings {
  readonly maxPods: number;
  readonly podsPerCore: number;
  readonly systemReserved: Quantities;
  readonly kubeReserved: Quantities;
  readonly evictionHard: Quantities;
}

const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];

/** Bytes the way the API server prints them: in the largest unit that leaves a whole number. */
function binaryText(bytes: number): string {
  let [amount, unit] = [Math.floor(bytes), 0];
  while (amount > 0 && amount % 1024 === 0 && unit < binarySuffixes.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount}${binarySuffixes[unit]}`;
}

const cpuText = (milli: number): string => (milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`);

const hugePageName = (bytes: number): string => {
  const [unit, size] = bytes >= 2 ** 30 ? ['Gi', 2 ** 30] : bytes >= 2 ** 20 ? ['Mi', 2 ** 20] : ['Ki', 1024];
  return `hugepages-${bytes / (size as number)}${unit}`;
};

/** status.capacity: what the machine has. */
export function computeCapacity(
  machine: Machine,
  storageBytes: number,
  { maxPods, podsPerCore }: CapacitySettings,
): Record<string, string> {
  const cores = Math.max(1, Math.floor(machine.milliCpu / 1000));
  const huge = [...machine.hugePages].map(([size, bytes]) => [hugePageName(size), binaryText(bytes)]);
  return {
    cpu: cpuText(machine.milliCpu),
    'ephemeral-storage': String(storageBytes),
    ...Object.fromEntries(huge),
    memory: binaryText(machine.memoryBytes),
    pods: String(podsPerCore > 0 ? Math.min(podsPerCore * cores, maxPods) : maxPods),
  };
}

const threshold = (value: string | undefined, capacityBytes: number): number => {
  if (value === undefined) return 0;
  return value.endsWith('%') ? Math.floor((capacityBytes * Number(value.slice(0, -1))) / 100) : unitsOf(value);
};

/** status.allocatable: capacity less what is reserved for the system and for eviction. */
export function computeAllocatable(
  capacity: Quantities,
  { systemReserved, kubeReserved, evictionHard }: CapacitySettings,
): Record<string, string> {
  const reserved = (name: string, of: (q: string | undefined) => number) =>
    of(systemReserved[name]) + of(kubeReserved[name]);
  const bytes = (name: string) => parseQuantity(capacity[name] ?? '0');
  const huge = Object.keys(capacity)
    .filter((name) => name.startsWith('hugepages-'))
    .reduce((sum, name) => sum + bytes(name), 0);
  const memory =
    bytes('memory') - reserved('memory', unitsOf) - threshold(evictionHard['memory.available'], bytes('memory')) - huge;
  const storage =
    bytes('ephemeral-storage') -
    reserved('ephemeral-storage', unitsOf) -
    threshold(evictionHard['nodefs.available'], bytes('ephemeral-storage'));
  return {
    ...capacity,
    cpu: cpuText(Math.max(0, milliOf(capacity.cpu) - reserved('cpu', milliOf))),
    'ephemeral-storage': String(Math.max(0, storage)),
    memory: binaryText(Math.max(0, memory)),
  };
}
