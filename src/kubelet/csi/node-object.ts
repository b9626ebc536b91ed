import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { isConflict, isNotFound } from '../../api/errors.ts';
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

const nodeIds = z.record(z.string(), z.string());
const annotation = 'csi.volume.kubernetes.io/nodeid';

/** The annotation's text with the driver's name for the node in it. */
export function renderNodeIds(text: string | undefined, driver: string, nodeId: string): string {
  const ids = text === undefined ? {} : nodeIds.parse(JSON.parse(text));
  return JSON.stringify({ ...ids, [driver]: nodeId });
}

const tries = 5;
const csiNodes = '/apis/storage.k8s.io/v1/csinodes';

/** Writes the driver into the Node and the CSINode object. Rejects with what the API says. */
export async function announceDriver(
  api: KubeApi,
  nodeName: string,
  driver: string,
  info: NodeGetInfoResponse,
): Promise<void> {
  const node = await api.get<Node>(`/api/v1/nodes/${nodeName}`);
  const text = node.metadata?.annotations?.[annotation];
  const annotations = { [annotation]: renderNodeIds(text, driver, info.nodeId) };
  const labels = info.accessibleTopology?.segments ?? {};
  await api.patch(`/api/v1/nodes/${nodeName}`, 'strategic-merge', { metadata: { annotations, labels } });
  const entry = computeEntry(driver, info);
  for (let tried = 1; ; tried += 1) {
    try {
      await writeEntry(api, node, entry);
      return;
    } catch (error) {
      if (!isConflict(error) || tried === tries) throw error;
    }
  }
}

async function writeEntry(api: KubeApi, node: Node, entry: DriverEntry): Promise<void> {
  const { name = '', uid = '' } = node.metadata ?? {};
  const known = await api.get<CsiNode>(`${csiNodes}/${name}`).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (known === undefined) {
    await api.create(csiNodes, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSINode',
      metadata: { name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
      spec: { drivers: [entry] },
    });
    return;
  }
  const drivers = known.spec.drivers ?? [];
  const present = drivers.find(({ name }) => name === entry.name);
  if (isDeepStrictEqual(present, entry)) return;
  await api.replace(`${csiNodes}/${name}`, { ...known, spec: { ...known.spec, drivers: withEntry(drivers, entry) } });
}
