import type { NumaMask } from '../topology/hints.ts';
import { haveNodes, isOf } from './hints.ts';

/** One device as its plugin tells of it. */
export interface Device {
  readonly id: string;
  readonly healthy: boolean;
  readonly numaNodes: readonly number[];
}

export interface DeviceNeeds {
  readonly resource: string;
  /** How many the container asks for. */
  readonly required: number;
  /** Those it was given before; undefined: none yet. */
  readonly held: ReadonlySet<string> | undefined;
  /** Those of init containers that ended before it starts. */
  readonly reusable: ReadonlySet<string>;
  /** What the plugin has; undefined: it is not registered. */
  readonly devices: ReadonlyMap<string, Device> | undefined;
  /** Given to any container of the node. */
  readonly inUse: ReadonlySet<string>;
  /** The NUMA nodes that the rest of what the container asks for comes from; undefined: any. */
  readonly near: NumaMask | undefined;
}

export type DeviceDecision =
  /** It has what it needs. */
  | { readonly kind: 'nothing' }
  /** `taken` are settled; `missing` more come out of `available`, which the plugin may have a say in. */
  | {
      readonly kind: 'allocate';
      readonly taken: readonly string[];
      readonly missing: number;
      readonly available: readonly string[];
    }
  | { readonly kind: 'refuse'; readonly because: string };

const refuse = (because: string): DeviceDecision => ({ kind: 'refuse', because });

/** Which devices a container may be given, and from which ones the rest is to be chosen. */
export function decideDevices(pod: string, container: string, needs: DeviceNeeds): DeviceDecision {
  const { resource, required, held, reusable, devices, inUse, near } = needs;
  if (held !== undefined && held.size !== required) {
    const change = `from ${held.size} to ${required}`;
    return refuse(`pod "${pod}" container "${container}" changed request for resource "${resource}" ${change}`);
  }
  if (devices === undefined) return refuse(`cannot allocate unregistered device ${resource}`);
  const healthy = [...devices.values()].flatMap(({ id, healthy }) => (healthy ? [id] : []));
  if (healthy.length === 0) {
    return refuse(`no healthy devices present; cannot allocate unhealthy devices ${resource}`);
  }
  if (held !== undefined) {
    return [...held].every((id) => devices.get(id)?.healthy)
      ? { kind: 'nothing' }
      : refuse(`previously allocated devices are no longer healthy; cannot allocate unhealthy devices ${resource}`);
  }
  if (required === 0) return { kind: 'nothing' };
  const taken = [...reusable].slice(0, required);
  const missing = required - taken.length;
  const available = healthy.filter((id) => !inUse.has(id));
  if (available.length < missing) {
    return refuse(
      `requested number of devices unavailable for ${resource}. Requested: ${missing}, Available: ${available.length}`,
    );
  }
  if (near === undefined || !haveNodes(devices)) return { kind: 'allocate', taken, missing, available };
  const isNear = (id: string): boolean => isOf(devices.get(id), near);
  const aligned = available.filter(isNear);
  if (missing < aligned.length) return { kind: 'allocate', taken, missing, available: aligned };
  // All that are near, then others that have a place, then those that have none.
  const hasPlace = (id: string): boolean => (devices.get(id)?.numaNodes.length ?? 0) > 0;
  const rest = available.filter((id) => !isNear(id));
  return {
    kind: 'allocate',
    taken: [...taken, ...aligned],
    missing: missing - aligned.length,
    available: [...rest.filter(hasPlace), ...rest.filter((id) => !hasPlace(id))],
  };
}

/** The devices to allocate: those that are settled, then the plugin's choice, then the first that are free. */
export function chooseDevices(
  { taken, missing, available }: Extract<DeviceDecision, { kind: 'allocate' }>,
  preferred: readonly string[],
): readonly string[] {
  const free = new Set(available);
  const wanted = preferred.filter((id) => free.has(id) && !taken.includes(id));
  const rest = available.filter((id) => !wanted.includes(id));
  return [...taken, ...[...new Set([...wanted, ...rest])].slice(0, missing)];
}
