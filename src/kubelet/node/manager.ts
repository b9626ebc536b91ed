import { isAlreadyExists, isForbidden, isNotFound, isUnreachable } from '../../api/errors.ts';
import { watchObjects } from '../../api/informer.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Node, NodeStatus } from '../../api/types.ts';
import { backoffMs, jittered } from '../../base/backoff.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Image } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import type { NodeFacts, NodeStorage } from '../parts.ts';
import { findNodeIps, renderAddresses } from './addresses.ts';
import { type CapacitySettings, computeAllocatable, computeCapacity } from './capacity.ts';
import { computeConditions, conditionEvents, type NodeHealth } from './conditions.ts';
import type { Machine } from './machine.ts';
import { type NewNodeInput, reconcileExisting, renderNewNode } from './register.ts';
import { changedFields, type NodeStatusInput, renderNodeStatus, renderStatusPatch } from './status.ts';

export interface NodeManagerOptions {
  /** Undefined: standalone, no Node object. */
  readonly api: KubeApi | undefined;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly name: string;
  readonly nodeIp: string;
  /** How the node's addresses are found; tests have their own. */
  readonly findIps?: typeof findNodeIps;
  readonly machine: Machine;
  readonly storageBytes: number;
  /** Resources that plugins bring, by name: how many there are, and how many can be given out. */
  readonly extended?: () => ReadonlyMap<string, { readonly capacity: number; readonly allocatable: number }>;
  readonly settings: CapacitySettings;
  readonly registration: Pick<
    NewNodeInput,
    'labels' | 'taints' | 'providerId' | 'controllerAttachDetach' | 'externalCloudProvider'
  >;
  readonly registerNode: boolean;
  readonly updateEveryMs: number;
  readonly reportEveryMs: number;
  readonly runtime: () => Pick<
    NodeStatusInput,
    'runtimeVersion' | 'runtimeHandlers' | 'supplementalGroupsPolicy' | 'declaredFeatures'
  >;
  readonly kubeletVersion: string;
  readonly port: number;
  readonly maxImages: number;
  readonly storage?: NodeStorage;
  readonly listImages: () => Promise<readonly Image[]>;
  readonly health: () => NodeHealth;
  /** The node's pod ranges became known or changed. */
  readonly onPodCidr: (podCidr: string) => void;
}

export interface NodeManager extends NodeFacts {
  /** Finds the addresses, so that hostIps answers. Called once before anything asks. */
  prepare(): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
  /** Something about readiness changed: report now rather than at the next tick. */
  updateSoon(): void;
  /** Resolves when the Node object has been seen. */
  registered(signal: AbortSignal): Promise<void>;
  /** Sees to it that listeners hear of the Node once it is there or anew. */
  onNode(listener: (node: Node) => void): void;
}

const registrationRetry = { firstMs: 100, factor: 2, maxMs: 7000 };
const imagesEveryMs = 30_000;
const tries = 5;

/** Registers the node, keeps its status, and knows the Node object. */
export function nodeManager(options: NodeManagerOptions): NodeManager {
  const { api, clock, journal, name, machine, findIps = findNodeIps } = options;
  const capacity = computeCapacity(machine, options.storageBytes, options.settings);
  const allocatable = computeAllocatable(capacity, options.settings);
  const extendedOf = (side: 'capacity' | 'allocatable'): Record<string, string> =>
    Object.fromEntries(
      [...(options.extended?.() ?? [])].map(([resource, amounts]) => [resource, String(amounts[side])]),
    );
  const path = `/api/v1/nodes/${name}`;
  const listeners: ((node: Node) => void)[] = [];
  let ips: readonly string[] = [];
  let node: Node | undefined;
  let registered = false;
  let lastReport: Instant = 0;
  let images: readonly Image[] = [];
  let imagesAt: Instant = 0;
  let wake = new AbortController();

  async function status(before: Node | undefined): Promise<NodeStatus> {
    if (clock.now() - imagesAt >= imagesEveryMs) {
      images = await options.listImages().catch(() => images);
      imagesAt = clock.now();
    }
    const volumesInUse = await options.storage?.volumesInUse();
    const found = await findIps({ nodeName: name, nodeIp: options.nodeIp });
    if (found.length > 0) ips = found;
    return renderNodeStatus({
      machine,
      capacity: { ...capacity, ...extendedOf('capacity') },
      allocatable: { ...allocatable, ...extendedOf('allocatable') },
      addresses: renderAddresses(name, ips),
      conditions: computeConditions(before?.status?.conditions ?? [], options.health(), clock.now()),
      images,
      volumesInUse,
      maxImages: options.maxImages,
      kubeletVersion: options.kubeletVersion,
      port: options.port,
      ...options.runtime(),
    });
  }

  function saw(next: Node): void {
    const podCidr = (next.spec?.podCIDRs ?? []).join(',') || next.spec?.podCIDR;
    if (podCidr !== undefined && podCidr !== ((node?.spec?.podCIDRs ?? []).join(',') || node?.spec?.podCIDR))
      options.onPodCidr(podCidr);
    if (node !== undefined && (node.spec?.unschedulable ?? false) !== (next.spec?.unschedulable ?? false)) {
      journal.write({ kind: 'node.schedulable', node: name, schedulable: next.spec?.unschedulable !== true });
    }
    node = next;
    for (const listener of listeners) listener(next);
  }

  async function register(server: KubeApi): Promise<void> {
    const input: NewNodeInput = {
      name,
      architecture: machine.architecture,
      ...options.registration,
      status: await status(undefined),
    };
    const wanted = renderNewNode(input);
    journal.write({ kind: 'node.registering', node: name });
    try {
      saw(await server.create<Node>('/api/v1/nodes', wanted));
      journal.write({ kind: 'node.registered', node: name, before: false });
      tellConditions([], wanted.status?.conditions ?? []);
    } catch (error) {
      if (!isAlreadyExists(error) && !isForbidden(error)) throw error;
      const existing = await server.get<Node>(path);
      const patch = reconcileExisting(existing, input);
      saw(patch === undefined ? existing : await server.patch<Node>(path, 'strategic-merge', patch));
      if (existing.status?.nodeInfo?.bootID && existing.status.nodeInfo.bootID !== machine.bootId) {
        journal.write({ kind: 'node.rebooted', node: name, bootId: machine.bootId });
      }
      journal.write({ kind: 'node.registered', node: name, before: true });
    }
    registered = true;
    await options.storage?.registered();
  }

  function tellConditions(
    before: NonNullable<NodeStatus['conditions']>,
    after: NonNullable<NodeStatus['conditions']>,
  ): void {
    for (const reason of conditionEvents(before, after)) journal.write({ kind: 'node.condition', node: name, reason });
  }

  /** One round: PATCH when something changed, or when it is time to show that the node lives. */
  async function report(server: KubeApi): Promise<void> {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      try {
        const before = attempt === 0 && node !== undefined ? node : await server.get<Node>(path);
        const next = await status(before);
        const due = clock.now() - lastReport >= options.reportEveryMs;
        if (changedFields(before.status, next).length === 0 && !due) return;
        saw(await server.patch<Node>(`${path}/status`, 'strategic-merge', renderStatusPatch(before.status, next)));
        // Spread over time, so that nodes that started together do not report together for ever.
        lastReport = clock.now() + (Math.random() - 0.5) * options.reportEveryMs;
        tellConditions(before.status?.conditions ?? [], next.conditions ?? []);
        return;
      } catch (error) {
        journal.write({ kind: 'node.statusFailed', node: name, reason: messageOf(error) });
        if (isNotFound(error)) {
          registered = false;
          return;
        }
        // A second time in one round: whoever is at the other end of this connection is not coming back.
        if (attempt === 1 && isUnreachable(error)) server.closeConnections();
      }
    }
  }

  const rest = async (ms: number, signal: AbortSignal): Promise<void> => {
    await clock.sleep(ms, AbortSignal.any([signal, wake.signal])).catch(() => undefined);
    wake = new AbortController();
  };

  async function keepStatus(server: KubeApi, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (!registered && options.registerNode) await register(server);
        failures = 0;
      } catch (error) {
        journal.write({ kind: 'node.registrationFailed', node: name, reason: messageOf(error) });
        await clock.sleep(backoffMs(registrationRetry, failures), signal).catch(() => undefined);
        failures += 1;
        continue;
      }
      await report(server);
      await rest(jittered(options.updateEveryMs, 0.04), signal);
    }
  }

  async function watchNode(server: KubeApi, signal: AbortSignal): Promise<void> {
    const query = { fieldSelector: `metadata.name=${name}` };
    const onError = (error: Error) => journal.write({ kind: 'node.watchFailed', reason: error.message });
    for await (const change of watchObjects<Node>({
      api: server,
      path: '/api/v1/nodes',
      query,
      clock,
      signal,
      onError,
    })) {
      if (change.kind === 'set') saw(change.object);
      if (change.kind === 'synced' && change.objects[0] !== undefined) saw(change.objects[0]);
      if (change.kind === 'deleted') {
        node = undefined;
        registered = false;
        wake.abort();
      }
    }
  }

  return {
    name,
    node: () => node,
    hostIps: () => ips,
    capacity: () => capacity,
    // What others have added to the object counts; of its own the kubelet knows better than an object that may be old.
    allocatable: () => ({ ...node?.status?.allocatable, ...allocatable, ...extendedOf('allocatable') }),
    async prepare() {
      ips = await findIps({ nodeName: name, nodeIp: options.nodeIp });
    },
    updateSoon: () => wake.abort(),
    onNode: (listener) => void listeners.push(listener),
    registered: (signal) =>
      new Promise((resolve, reject) => {
        if (node !== undefined) return resolve();
        listeners.push(() => resolve());
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    async run(signal) {
      if (api === undefined) return;
      await Promise.all([keepStatus(api, signal), watchNode(api, signal)]);
    },
  };
}
