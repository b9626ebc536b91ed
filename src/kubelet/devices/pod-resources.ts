import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Server, status } from '@grpc/grpc-js';
import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { createRateLimit } from '../../base/rate-limit.ts';
import {
  type ContainerDevices,
  type ContainerMemory,
  type DynamicResource,
  type PodResources,
  PodResourcesListerService,
  TopologyInfo,
} from '../../cri/generated/podresources.ts';
import type { Journal } from '../../journal/journal.ts';
import { type ClaimInUse, devicesOf } from '../dynamic-resources/prepared.ts';
import type { RunnableContainer } from '../parts.ts';
import { nameOf, namespaceOf, uidOf } from '../pod-facts.ts';
import type { Placement } from '../topology/index.ts';
import type { DeviceEntry } from './checkpoint.ts';
import type { Device } from './decide.ts';
import { bind } from './registration.ts';

export interface PodResourceFacts {
  readonly pods: () => readonly Pod[];
  readonly entries: () => readonly DeviceEntry[];
  /** By resource. */
  readonly devices: () => ReadonlyMap<string, readonly Device[]>;
  /** Claims that a container uses. */
  readonly claims: (pod: Pod, container: RunnableContainer) => readonly ClaimInUse[];
  /** CPUs and memory that containers have for themselves. */
  readonly placement: Pick<Placement, 'heldBy' | 'allocatable'>;
}

const withoutNode = -1;

const topologyOf = (nodes: readonly number[]): TopologyInfo | undefined =>
  nodes.length === 0 ? undefined : TopologyInfo.create({ nodes: nodes.map((node) => ({ ID: BigInt(node) })) });

/** What a pod's containers hold, as monitoring agents read it. Devices of one NUMA node make one line. */
export function renderPodResources(
  pod: Pod,
  entries: readonly DeviceEntry[],
  heldBy: Placement['heldBy'],
  claims: PodResourceFacts['claims'],
): PodResources {
  const own = entries.filter(({ podUid }) => podUid === uidOf(pod));
  const containers = [
    ...(pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
    ...(pod.spec?.containers ?? []),
  ];
  return {
    name: nameOf(pod),
    namespace: namespaceOf(pod),
    cpuIds: [],
    memory: [],
    containers: containers.map((container) => ({
      name: container.name,
      ...renderPlaced(heldBy(uidOf(pod), container.name)),
      dynamicResources: claims(pod, container).map(renderClaim),
      devices: own
        .filter((entry) => entry.container === container.name)
        .flatMap(({ resource, devices }) =>
          [...devices].map(([node, ids]) => ({
            resourceName: resource,
            deviceIds: [...ids],
            topology: topologyOf(node === withoutNode ? [] : [node]),
          })),
        ),
    })),
  };
}

const renderClaim = (claim: ClaimInUse): DynamicResource => ({
  claimName: claim.name,
  claimNamespace: claim.namespace,
  claimResources: devicesOf(claim).map(({ driver, pool, device, shareId, cdiIds }) => ({
    cdiDevices: cdiIds.map((name) => ({ name })),
    driverName: driver,
    poolName: pool,
    deviceName: device,
    shareId,
  })),
});

const renderPlaced = ({
  cpus,
  memory,
}: ReturnType<Placement['heldBy']>): { cpuIds: bigint[]; memory: ContainerMemory[] } => ({
  cpuIds: [...cpus].sort((a, b) => a - b).map(BigInt),
  memory: memory.map(({ nodes, resource, bytes }) => ({
    memoryType: resource,
    size: BigInt(bytes),
    topology: topologyOf(nodes),
  })),
});

const renderAllocatable = (devices: ReadonlyMap<string, readonly Device[]>): ContainerDevices[] =>
  [...devices].flatMap(([resourceName, all]) =>
    all
      .filter(({ healthy }) => healthy)
      .map(({ id, numaNodes }) => ({ resourceName, deviceIds: [id], topology: topologyOf(numaNodes) })),
  );

type Answer = (error: { code: number; details: string } | null, value?: object) => void;

/** Of the requests that name a pod. */
interface Request {
  readonly podName: string;
  readonly podNamespace: string;
}

class Missing {
  readonly details: string;

  constructor(details: string) {
    this.details = details;
  }
}

/** The older API: the same messages with fewer fields, of the pods' main containers alone. */
const olderService = {
  list: { ...PodResourcesListerService.list, path: '/v1alpha1.PodResourcesLister/List' },
};

function renderOlder(pod: Pod, entries: readonly DeviceEntry[]): PodResources {
  const rendered = renderPodResources(
    pod,
    entries,
    () => ({ cpus: new Set(), memory: [] }),
    () => [],
  );
  const main = new Set(pod.spec?.containers?.map(({ name }) => name));
  return {
    ...rendered,
    containers: rendered.containers
      .filter(({ name }) => main.has(name))
      .map((container) => ({
        ...container,
        devices: container.devices.map((devices) => ({ ...devices, topology: undefined })),
      })),
  };
}

/** What asks too often is refused rather than served: requests a second, and how many may come at once. */
const limit = { perSecond: 100, burst: 10 };

export interface PodResourcesOptions {
  readonly clock: Clock;
  readonly journal: Journal;
}

/** Serves the pod resources API, of both versions, on a socket. Answers a function that stops it. */
export async function servePodResources(
  socket: string,
  facts: PodResourceFacts,
  { clock, journal }: PodResourcesOptions,
): Promise<() => void> {
  await mkdir(dirname(socket), { recursive: true, mode: 0o750 });
  await rm(socket, { force: true });
  const server = new Server();
  const mayAsk = createRateLimit(limit);
  const served =
    (
      version: 'v1' | 'v1alpha1',
      method: 'list' | 'get' | 'getAllocatable',
      handle: (request: Request) => object | Missing,
    ) =>
    (call: { readonly request: Request }, answer: Answer): void => {
      if (!mayAsk(clock.now())) {
        answer({ code: status.RESOURCE_EXHAUSTED, details: 'rejected by rate limit' });
        return;
      }
      const found = handle(call.request);
      const failed = found instanceof Missing;
      journal.write({ kind: 'device.asked', version, method, failed });
      if (failed) answer({ code: status.UNKNOWN, details: found.details });
      else answer(null, found);
    };
  const render = (pod: Pod): PodResources =>
    renderPodResources(pod, facts.entries(), facts.placement.heldBy, facts.claims);
  server.addService(PodResourcesListerService, {
    list: served('v1', 'list', () => ({ podResources: facts.pods().map(render) })),
    getAllocatableResources: served('v1', 'getAllocatable', () => ({
      devices: renderAllocatable(facts.devices()),
      ...renderPlaced(facts.placement.allocatable()),
    })),
    get: served('v1', 'get', ({ podName, podNamespace }) => {
      const pod = facts.pods().find((p) => nameOf(p) === podName && namespaceOf(p) === podNamespace);
      return pod === undefined
        ? new Missing(`pod ${podName} in namespace ${podNamespace} not found`)
        : { podResources: render(pod) };
    }),
  });
  server.addService(olderService, {
    list: served('v1alpha1', 'list', () => ({
      podResources: facts.pods().map((pod) => renderOlder(pod, facts.entries())),
    })),
  });
  await bind(server, socket);
  return () => server.forceShutdown();
}
