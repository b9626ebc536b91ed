import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/errors.ts';
import type { ApiObject, KubeApi } from '../../api/port.ts';
import type { Node } from '../../api/types.ts';
import type { NodeGetInfoResponse } from '../../cri/generated/csi.ts';

export interface DriverEntry {
  readonly name: string;
  readonly nodeID: string;
  readonly topologyKeys: readonly string[] | null;
  readonly allocatable?: { readonly count: number };
}

export interface CsiNode extends ApiObject {
  metadata?: NonNullable<ApiObject['metadata']> & {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly uid: string }[];
  };
  spec: { drivers: readonly DriverEntry[] | null };
}

/** What the API is told of a driver on this node. */
export function computeEntry(
  name: string,
  { nodeId, maxVolumesPerNode, accessibleTopology }: NodeGetInfoResponse,
): DriverEntry {
  const topologyKeys = Object.keys(accessibleTopology?.segments ?? {}).sort();
  return {
    name,
    nodeID: nodeId,
    topologyKeys: topologyKeys.length === 0 ? null : topologyKeys,
    ...(maxVolumesPerNode > 0n ? { allocatable: { count: Math.min(Number(maxVolumesPerNode), 2 ** 31 - 1) } } : {}),
  };
}

/** The drivers with this one among them. */
export const withEntry = (drivers: readonly DriverEntry[], entry: DriverEntry): readonly DriverEntry[] => [
  ...drivers.filter(({ name }) => name !== entry.name),
  entry,
];

/** Volumes that Kubernetes once mounted by itself, and now through a driver each. */
const migrated = [
  'kubernetes.io/aws-ebs',
  'kubernetes.io/azure-disk',
  'kubernetes.io/azure-file',
  'kubernetes.io/cinder',
  'kubernetes.io/gce-pd',
  'kubernetes.io/portworx-volume',
  'kubernetes.io/vsphere-volume',
].join(',');
const migratedAnnotation = 'storage.alpha.kubernetes.io/migrated-plugins';

const nodeIds = z.record(z.string(), z.string());
const idsAnnotation = 'csi.volume.kubernetes.io/nodeid';

/** The annotation's text with the driver's name for the node in it; undefined: without that driver. Null: no driver. */
export function renderNodeIds(text: string | undefined, driver: string, nodeId: string | undefined): string | null {
  const { [driver]: _, ...others } = text === undefined ? {} : nodeIds.parse(JSON.parse(text));
  const ids = nodeId === undefined ? others : { ...others, [driver]: nodeId };
  return Object.keys(ids).length === 0 ? null : JSON.stringify(ids);
}

/** Why a driver's topology cannot become labels of the node; undefined when it can. */
export function findCollision(
  labels: Readonly<Record<string, string>>,
  segments: Readonly<Record<string, string>>,
): string | undefined {
  const key = Object.keys(segments).find((key) => key in labels && labels[key] !== segments[key]);
  if (key === undefined) return undefined;
  return `detected topology value collision: driver reported "${key}":"${segments[key]}" but existing label is "${key}":"${labels[key]}"`;
}

const tries = 5;
const csiNodes = '/apis/storage.k8s.io/v1/csinodes';

/** Sees to it that there is a CSINode of this node, if only with no drivers. Rejects with what the API says. */
export const ensureCsiNode = (api: KubeApi, nodeName: string): Promise<void> =>
  changeDrivers(api, nodeName, (drivers) => drivers);

/** Writes the driver into the Node and the CSINode object. Rejects with what the API says. */
export async function announceDriver(
  api: KubeApi,
  nodeName: string,
  driver: string,
  info: NodeGetInfoResponse,
): Promise<void> {
  const { metadata = {} } = await api.get<Node>(`/api/v1/nodes/${nodeName}`);
  const labels = info.accessibleTopology?.segments ?? {};
  const collision = findCollision(metadata.labels ?? {}, labels);
  if (collision !== undefined) throw new Error(collision);
  const annotations = { [idsAnnotation]: renderNodeIds(metadata.annotations?.[idsAnnotation], driver, info.nodeId) };
  await api.patch(`/api/v1/nodes/${nodeName}`, 'strategic-merge', { metadata: { annotations, labels } });
  const entry = computeEntry(driver, info);
  await changeDrivers(api, nodeName, (drivers) => withEntry(drivers, entry));
}

/** Takes a driver that is gone out of both objects again; labels stay. Rejects with what the API says. */
export async function withdrawDriver(api: KubeApi, nodeName: string, driver: string): Promise<void> {
  await changeDrivers(api, nodeName, (drivers) => drivers.filter(({ name }) => name !== driver));
  const { metadata = {} } = await api.get<Node>(`/api/v1/nodes/${nodeName}`);
  const before = metadata.annotations?.[idsAnnotation];
  const after = renderNodeIds(before, driver, undefined);
  if (after === (before ?? null)) return;
  await api.patch(`/api/v1/nodes/${nodeName}`, 'strategic-merge', {
    metadata: { annotations: { [idsAnnotation]: after } },
  });
}

type Change = (drivers: readonly DriverEntry[]) => readonly DriverEntry[];

async function changeDrivers(api: KubeApi, nodeName: string, change: Change): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      await tryToChange(api, nodeName, change);
      return;
    } catch (error) {
      // Somebody else has made or changed it meanwhile.
      if (!(isConflict(error) || isAlreadyExists(error)) || tried === tries) throw error;
    }
  }
}

async function tryToChange(api: KubeApi, nodeName: string, change: Change): Promise<void> {
  const { metadata: { uid = '' } = {} } = await api.get<Node>(`/api/v1/nodes/${nodeName}`);
  const path = `${csiNodes}/${nodeName}`;
  const known = await api.get<CsiNode>(path).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  const isOurs = known?.metadata?.ownerReferences?.some((owner) => owner.kind === 'Node' && owner.uid === uid) ?? false;
  // Of a node of this name that was there before: it goes with that one's drivers.
  if (known !== undefined && !isOurs) await api.delete(path);
  if (known === undefined || !isOurs) {
    await api.create(csiNodes, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSINode',
      metadata: {
        name: nodeName,
        annotations: { [migratedAnnotation]: migrated },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }],
      },
      spec: { drivers: change([]) },
    });
    return;
  }
  const before = known.spec.drivers ?? [];
  const after = change(before);
  const annotations = { ...known.metadata?.annotations, [migratedAnnotation]: migrated };
  if (isDeepStrictEqual(byName(before), byName(after)) && isDeepStrictEqual(annotations, known.metadata?.annotations))
    return;
  await api.replace(path, {
    ...known,
    metadata: { ...known.metadata, annotations },
    spec: { ...known.spec, drivers: after },
  });
}

const byName = (drivers: readonly DriverEntry[]): readonly DriverEntry[] =>
  drivers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
