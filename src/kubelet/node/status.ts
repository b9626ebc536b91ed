import type { Node, NodeAddress, NodeCondition, NodeStatus } from '../../api/types.ts';
import type { Image } from '../../cri/port.ts';
import type { Quantities } from './capacity.ts';
import type { Machine } from './machine.ts';

export interface RuntimeHandlerFeatures {
  readonly name: string;
  readonly recursiveReadOnlyMounts: boolean;
  readonly userNamespaces: boolean;
}

/** Everything that goes into a node's status. */
export interface NodeStatusInput {
  readonly machine: Machine;
  readonly capacity: Quantities;
  readonly allocatable: Quantities;
  readonly addresses: NodeAddress[];
  readonly conditions: readonly NodeCondition[];
  readonly images: readonly Image[];
  /** -1: all. */
  readonly maxImages: number;
  readonly runtimeVersion: string;
  readonly kubeletVersion: string;
  readonly port: number;
  readonly runtimeHandlers: readonly RuntimeHandlerFeatures[];
  readonly supplementalGroupsPolicy: boolean;
}

const maxNamesPerImage = 5;

/** status.images: the largest first. */
export function renderImages(images: readonly Image[], max: number): NonNullable<NodeStatus['images']> {
  const sorted = images.toSorted((a, b) => (a.size === b.size ? (a.id < b.id ? 1 : -1) : a.size < b.size ? 1 : -1));
  return (max < 0 ? sorted : sorted.slice(0, max)).map(({ repoDigests, repoTags, size }) => ({
    names: [...repoDigests, ...repoTags].slice(0, maxNamesPerImage),
    sizeBytes: Number(size),
  }));
}

export function renderNodeStatus(input: NodeStatusInput): NodeStatus {
  const { machine } = input;
  return {
    addresses: input.addresses,
    allocatable: { ...input.allocatable },
    capacity: { ...input.capacity },
    conditions: [...input.conditions],
    daemonEndpoints: { kubeletEndpoint: { Port: input.port } },
    features: { supplementalGroupsPolicy: input.supplementalGroupsPolicy },
    images: renderImages(input.images, input.maxImages),
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootId,
      containerRuntimeVersion: input.runtimeVersion,
      kernelVersion: machine.kernelVersion,
      kubeProxyVersion: '',
      kubeletVersion: input.kubeletVersion,
      machineID: machine.machineId,
      operatingSystem: 'linux',
      osImage: machine.osImage,
      systemUUID: machine.systemUuid,
      ...(machine.swapBytes > 0 ? { swap: { capacity: machine.swapBytes } } : {}),
    },
    runtimeHandlers: [...input.runtimeHandlers]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, recursiveReadOnlyMounts, userNamespaces }) => ({
        ...(name === '' ? {} : { name }),
        features: { recursiveReadOnlyMounts, userNamespaces },
      })),
  };
}

const withoutHeartbeats = (status: NodeStatus | undefined): unknown => ({
  ...status,
  conditions: status?.conditions?.map(({ lastHeartbeatTime: _, ...rest }) => rest),
});

/** Whether anything but the heartbeat is new in the fields that the kubelet owns. */
export function statusChanged(before: NodeStatus | undefined, after: NodeStatus): boolean {
  const a = withoutHeartbeats(before) as Record<string, unknown>;
  const b = withoutHeartbeats(after) as Record<string, unknown>;
  return Object.keys(b).some((key) => canonical(a[key]) !== canonical(b[key]));
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, v: unknown) =>
    typeof v === 'object' && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  );

/** The PATCH of nodes/NAME/status: addresses are replaced as a whole, since merging would keep old ones. */
export const renderStatusPatch = (before: Node | undefined, status: NodeStatus): unknown => {
  const keep = (before?.status?.addresses ?? []).length;
  const dropped = Object.keys(before?.status?.capacity ?? {}).filter((name) => !(name in (status.capacity ?? {})));
  const gone = Object.fromEntries(dropped.map((name) => [name, null]));
  return {
    status: {
      ...status,
      capacity: { ...status.capacity, ...gone },
      allocatable: { ...status.allocatable, ...gone },
      addresses: [...(status.addresses ?? []), ...(keep > 0 ? [{ $patch: 'replace' }] : [])],
    },
  };
};
