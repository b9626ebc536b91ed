import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Server, status } from '@grpc/grpc-js';
import type { Pod } from '../../api/types.ts';
import {
  type ContainerDevices,
  type ContainerMemory,
  type PodResources,
  PodResourcesListerService,
  TopologyInfo,
} from '../../cri/generated/podresources.ts';
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
    containers: containers.map(({ name }) => ({
      name,
      ...renderPlaced(heldBy(uidOf(pod), name)),
      dynamicResources: [],
      devices: own
        .filter(({ container }) => container === name)
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

type Answer<T> = (error: { code: number; details: string } | null, value?: T) => void;

/** Serves the pod resources API, version 1, on a socket. Answers a function that stops it. */
export async function servePodResources(socket: string, facts: PodResourceFacts): Promise<() => void> {
  await mkdir(dirname(socket), { recursive: true, mode: 0o750 });
  await rm(socket, { force: true });
  const server = new Server();
  const render = (pod: Pod): PodResources => renderPodResources(pod, facts.entries(), facts.placement.heldBy);
  server.addService(PodResourcesListerService, {
    list: (_call: unknown, answer: Answer<object>) => answer(null, { podResources: facts.pods().map(render) }),
    getAllocatableResources: (_call: unknown, answer: Answer<object>) =>
      answer(null, { devices: renderAllocatable(facts.devices()), ...renderPlaced(facts.placement.allocatable()) }),
    get: (
      { request }: { request: { podName: string; podNamespace: string } },
      answer: Answer<{ podResources: PodResources }>,
    ) => {
      const pod = facts.pods().find((p) => nameOf(p) === request.podName && namespaceOf(p) === request.podNamespace);
      if (pod === undefined) {
        const details = `pod ${request.podName} in namespace ${request.podNamespace} not found`;
        return answer({ code: status.UNKNOWN, details });
      }
      answer(null, { podResources: render(pod) });
    },
  });
  await bind(server, socket);
  return () => server.forceShutdown();
}
