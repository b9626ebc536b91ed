import { countOf, type Hint, maskOf, masksOf, type NumaMask } from '../topology/hints.ts';
import type { Device } from './decide.ts';

export interface HintNeeds {
  /** All of the resource, by id. */
  readonly devices: ReadonlyMap<string, Device>;
  /** Those that may be taken. */
  readonly available: ReadonlySet<string>;
  /** Those that will be taken before any other. */
  readonly reusable: ReadonlySet<string>;
  readonly required: number;
  /** The machine's NUMA nodes: plugins may speak of others. */
  readonly machineNodes: readonly number[];
}

/** The device is of one of the nodes. */
export const isOf = (device: Device | undefined, mask: NumaMask): boolean =>
  device !== undefined && (maskOf(device.numaNodes) & mask) !== 0;

/** Whether it matters where devices of the resource come from: as soon as one of them says where it is. */
export const haveNodes = (devices: ReadonlyMap<string, Device>): boolean =>
  [...devices.values()].some(({ numaNodes }) => numaNodes.length > 0);

/**
 * The sets of NUMA nodes that as many devices could come from as are required; preferred are those of as few nodes as
 * would do if all devices were free.
 */
export function computeDeviceHints({ devices, available, reusable, required, machineNodes }: HintNeeds): Hint[] {
  const told = new Set([...devices.values()].flatMap(({ numaNodes }) => numaNodes));
  const known = machineNodes.filter((node) => told.has(node));
  const nodes = known.length === 0 ? machineNodes : known;
  const placed = [...reusable].filter((id) => (devices.get(id)?.numaNodes.length ?? 0) > 0);
  let fewest = nodes.length;
  const masks: NumaMask[] = [];
  for (const mask of masksOf(nodes)) {
    const inMask = (ids: Iterable<string>): number => [...ids].filter((id) => isOf(devices.get(id), mask)).length;
    if (inMask(devices.keys()) >= required) fewest = Math.min(fewest, countOf(mask));
    if (inMask(placed) < placed.length) continue;
    if (placed.length + inMask(available) >= required) masks.push(mask);
  }
  return masks.map((mask) => ({ nodes: mask, preferred: countOf(mask) === fewest }));
}
