import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { RunnableContainer } from '../parts.ts';
import { isClaimed, isSidecar, logNameOf, uidOf } from '../pod-facts.ts';
import { unitsOf } from '../quantity.ts';
import { mostAtOnce } from '../topology/cpu/whole-cpus.ts';
import type { Hint, HintsByResource } from '../topology/hints.ts';
import { granted, type HintProvider, unexpected } from '../topology/provider.ts';
import type { DeviceEntry } from './checkpoint.ts';
import { chooseDevices, type Device, decideDevices } from './decide.ts';
import { computeDeviceHints, haveNodes } from './hints.ts';
import type { DevicePlugin } from './plugin.ts';

/** What is known of a resource: its plugin while it is there, and the devices it told of. */
export interface KnownResource {
  readonly plugin: DevicePlugin | undefined;
  readonly devices: ReadonlyMap<string, Device>;
}

/** As status.containerStatuses[].allocatedResourcesStatus has it. */
export interface ResourceStatus {
  readonly name: string;
  readonly resources: readonly {
    readonly resourceID: string;
    readonly health: 'Healthy' | 'Unhealthy' | 'Unknown';
    readonly message?: string;
  }[];
}

export interface DeviceAllocator extends HintProvider {
  /** Whose devices are whose. */
  entries(): readonly DeviceEntry[];
  /** How the container's devices are; one that its plugin no longer tells of counts as healthy. */
  healthOf(podUid: string, container: string): readonly ResourceStatus[];
}

export interface DeviceAllocatorOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly resource: (name: string) => KnownResource | undefined;
  /** Whether the container runs already: then it has its devices, whatever its plugin is doing. */
  readonly runs: (podUid: string, container: string) => boolean;
  /** What an earlier run gave away. */
  readonly entries: readonly DeviceEntry[];
  readonly onChange: () => void;
}

export const idsOf = ({ devices }: DeviceEntry): readonly string[] => [...new Set([...devices.values()].flat())];

/** Gives containers the devices they ask for, from the NUMA nodes that the rest of what they ask for comes from. */
export function deviceAllocator(options: DeviceAllocatorOptions): DeviceAllocator {
  const { clock, journal, resource: known } = options;
  let { entries } = options;
  /** Devices of the pod's init containers that have ended when its next container starts, by resource. */
  let reusing = { uid: '', devices: new Map<string, Set<string>>() };

  const heldBy = (uid: string, container: string, resource: string): DeviceEntry | undefined =>
    entries.find((e) => e.podUid === uid && e.container === container && e.resource === resource);
  const inUse = (resource: string): ReadonlySet<string> =>
    new Set(entries.filter((e) => e.resource === resource).flatMap(idsOf));
  function reusableOf(uid: string, resource: string): Set<string> {
    if (reusing.uid !== uid) reusing = { uid, devices: new Map() };
    const devices = reusing.devices.get(resource) ?? new Set<string>();
    reusing.devices.set(resource, devices);
    return devices;
  }

  /** What the container asks for of plugins; a resource that none knows is the cluster's to count. */
  const wantsOf = (pod: Pod, container: RunnableContainer): readonly (readonly [string, number])[] =>
    Object.entries(container.resources?.limits ?? {}).flatMap(([resource, quantity]) =>
      isClaimed(pod, container.name, resource) ||
      (known(resource) === undefined && heldBy(uidOf(pod), container.name, resource) === undefined)
        ? []
        : [[resource, unitsOf(quantity)] as const],
    );

  /** Undefined: it does not matter where from. */
  function hintsFor(
    resource: string,
    required: number,
    held: readonly string[],
    reusable: ReadonlySet<string>,
    machineNodes: readonly number[],
  ): readonly Hint[] | undefined {
    const devices = known(resource)?.devices ?? new Map<string, Device>();
    if (!haveNodes(devices)) return undefined;
    if (held.length > 0) {
      if (held.length !== required) return [];
      return computeDeviceHints({ devices, available: new Set(held), reusable: new Set(), required, machineNodes });
    }
    const taken = inUse(resource);
    const free = [...devices.values()].filter(({ id, healthy }) => healthy && !taken.has(id)).map(({ id }) => id);
    if (new Set([...free, ...reusable]).size < required) return [];
    return computeDeviceHints({ devices, available: new Set(free), reusable, required, machineNodes });
  }

  async function allocateOne(
    pod: Pod,
    container: RunnableContainer,
    resource: string,
    required: number,
    hint: Hint,
  ): Promise<readonly string[]> {
    const uid = uidOf(pod);
    const held = heldBy(uid, container.name, resource);
    if (held !== undefined && options.runs(uid, container.name)) return idsOf(held);
    const from = known(resource);
    const decision = decideDevices(uid, container.name, {
      resource,
      required,
      held: held && new Set(idsOf(held)),
      reusable: reusableOf(uid, resource),
      devices: from?.devices,
      inUse: inUse(resource),
      near: hint.nodes,
    });
    if (decision.kind === 'refuse') throw new Error(decision.because);
    if (decision.kind === 'nothing') return held === undefined ? [] : idsOf(held);
    const plugin = from?.plugin;
    if (plugin === undefined) throw new Error(`unknown Device Plugin ${resource}`);
    const asks = plugin.options.getPreferredAllocationAvailable && decision.missing > 0;
    const { taken, available } = decision;
    const preferred = asks ? await plugin.preferred([...taken, ...available], taken, required) : [];
    const ids = chooseDevices(decision, preferred);
    const startedAt = clock.now();
    const response = await plugin.allocate(ids);
    const ms = clock.now() - startedAt;
    journal.write({
      kind: 'device.allocated',
      pod: logNameOf(pod),
      container: container.name,
      resource,
      devices: ids,
      ms,
    });
    const devices = byNode(ids, from?.devices);
    entries = [...entries, { podUid: uid, container: container.name, resource, devices, response }];
    options.onChange();
    return ids;
  }

  return {
    entries: () => entries,
    healthOf: (uid, container) =>
      entries
        .filter((e) => e.podUid === uid && e.container === container)
        .map((entry) => ({
          name: entry.resource,
          resources: idsOf(entry)
            .toSorted()
            .map((id) => ({
              resourceID: id,
              health: known(entry.resource)?.devices.get(id)?.healthy === false ? 'Unhealthy' : 'Healthy',
            })),
        })),
    hints(pod, container, nodes): HintsByResource {
      const uid = uidOf(pod);
      return new Map(
        wantsOf(pod, container).map(([resource, required]) => {
          const held = heldBy(uid, container.name, resource);
          const reusable = reusableOf(uid, resource);
          return [resource, hintsFor(resource, required, held === undefined ? [] : idsOf(held), reusable, nodes)];
        }),
      );
    },
    podHints(pod, nodes): HintsByResource {
      const uid = uidOf(pod);
      const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
      const resources = new Set(containers.flatMap((c) => wantsOf(pod, c).map(([resource]) => resource)));
      return new Map(
        [...resources].map((resource) => {
          const required = mostAtOnce(pod, (c) => unitsOf(c.resources?.limits?.[resource]));
          const held = new Set(entries.filter((e) => e.podUid === uid && e.resource === resource).flatMap(idsOf));
          return [resource, hintsFor(resource, required, [...held], new Set(), nodes)];
        }),
      );
    },
    async allocate(pod, container, hint) {
      const ends =
        (pod.spec?.initContainers ?? []).some(({ name }) => name === container.name) && !isSidecar(container);
      try {
        for (const [resource, required] of wantsOf(pod, container)) {
          const ids = await allocateOne(pod, container, resource, required, hint);
          const reusable = reusableOf(uidOf(pod), resource);
          for (const id of ids) {
            if (ends) reusable.add(id);
            else reusable.delete(id);
          }
        }
        return granted;
      } catch (error) {
        return unexpected(messageOf(error));
      }
    },
    keepOnly(uids) {
      const kept = entries.filter(({ podUid }) => uids.has(podUid));
      if (kept.length === entries.length) return;
      entries = kept;
      options.onChange();
    },
  };
}

/** A device without topology counts for the node -1; one of several NUMA nodes for each. */
function byNode(
  ids: readonly string[],
  devices: ReadonlyMap<string, Device> | undefined,
): ReadonlyMap<number, readonly string[]> {
  const nodes = new Map<number, string[]>();
  for (const id of ids) {
    const of = devices?.get(id)?.numaNodes ?? [];
    for (const node of of.length === 0 ? [-1] : of) nodes.set(node, [...(nodes.get(node) ?? []), id]);
  }
  return nodes;
}
