import type { NodeAddress, NodeCondition, NodeStatus } from '../../api/types.ts';
import type { Image } from '../../cri/port.ts';
import { parseQuantity } from '../quantity.ts';
import type { Quantities } from './capacity.ts';
import { ownConditionTypes } from './conditions.ts';
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
  readonly declaredFeatures: readonly string[];
  /** Undefined: not known yet, what the API has stays. */
  readonly volumesInUse: readonly string[] | undefined;
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
    ...(input.declaredFeatures.length === 0 ? {} : { declaredFeatures: [...input.declaredFeatures] }),
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
      runningInUserNamespace: machine.inUserNamespace,
      systemUUID: machine.systemUuid,
      ...(machine.swapBytes > 0 ? { swap: { capacity: machine.swapBytes } } : {}),
    },
    runtimeHandlers: [...input.runtimeHandlers]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, recursiveReadOnlyMounts, userNamespaces }) => ({
        name,
        features: { recursiveReadOnlyMounts, userNamespaces },
      })),
    ...(input.volumesInUse === undefined ? {} : { volumesInUse: [...input.volumesInUse] }),
  };
}

type Field = keyof NodeStatus & string;

const withoutHeartbeats = (conditions: NodeStatus['conditions']): unknown =>
  conditions?.map(({ lastHeartbeatTime: _, ...rest }) => rest);

/** Fields of the status in which anything but a heartbeat is new, of those that the kubelet owns. */
export function changedFields(before: NodeStatus | undefined, after: NodeStatus): readonly Field[] {
  return (Object.keys(after) as Field[]).filter((field) => comparable(before, field) !== comparable(after, field));
}

function comparable(status: NodeStatus | undefined, field: Field): string {
  if (field === 'conditions') return canonical(withoutHeartbeats(status?.conditions));
  // The API server rewrites quantities: 1024Mi comes back as 1Gi.
  if (field === 'capacity' || field === 'allocatable') {
    const amounts = Object.entries(status?.[field] ?? {}).map(([name, text]) => [name, parseQuantity(text)]);
    return canonical(Object.fromEntries(amounts));
  }
  // The API server does not keep empty lists.
  if (field === 'volumesInUse') return canonical(status?.volumesInUse ?? []);
  return canonical(status?.[field]);
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, v: unknown) =>
    typeof v === 'object' && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  ) ?? '';

const resources = ['capacity', 'allocatable'] as const;

/**
 * The strategic merge PATCH of nodes/NAME/status: what changed, and the kubelet's own conditions with their heartbeat.
 * Addresses are replaced as a whole, since merging would keep old ones; resources that are gone are taken away.
 */
export function renderStatusPatch(before: NodeStatus | undefined, after: NodeStatus): { readonly status: object } {
  const changed = changedFields(before, after);
  const patch: Record<string, unknown> = Object.fromEntries(changed.map((field) => [field, after[field]]));
  for (const field of resources) {
    if (!changed.includes(field)) continue;
    const gone = Object.keys(before?.[field] ?? {}).filter((name) => !(name in (after[field] ?? {})));
    patch[field] = { ...after[field], ...Object.fromEntries(gone.map((name) => [name, null])) };
  }
  if (changed.includes('addresses') && (before?.addresses ?? []).length > 0) {
    patch.addresses = [...(after.addresses ?? []), { $patch: 'replace' }];
  }
  // Others' conditions may be newer in the API than those read here.
  patch.conditions = after.conditions?.filter(({ type }) => ownConditionTypes.includes(type));
  return { status: patch };
}
