import * as z from 'zod';
import { isNotFound } from '../../api/errors.ts';
import type { KubeApi } from '../../api/port.ts';
import type { ManifestObject } from './manifest.ts';

/** A network that the API server knows of. */
export interface InstalledNetwork {
  /** `default`, `calico`, or the DaemonSet's name of another's. */
  readonly name: string;
  /** Where klab had its manifest from; undefined: klab did not install it after the cluster was made. */
  readonly source: string | undefined;
  /** What runs on the nodes. */
  readonly image: string | undefined;
}

const namespace = '/api/v1/namespaces/kube-system';
const recordName = 'klab-cni';
const recordPath = `${namespace}/configmaps/${recordName}`;

const objectId = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
});
const recordSchema = z.looseObject({
  data: z.looseObject({ network: z.string(), source: z.string(), objects: z.string() }),
});

/** An object by what it is called, without its content. */
export type ObjectId = z.infer<typeof objectId>;

/** What klab notes in the cluster when it installs a network: enough to remove it again. */
export interface NetworkRecord {
  readonly network: string;
  readonly source: string;
  readonly objects: readonly ObjectId[];
}

export const idOf = ({ apiVersion, kind, metadata: { name, namespace } }: ManifestObject): ObjectId => ({
  apiVersion,
  kind,
  metadata: namespace === undefined ? { name } : { name, namespace },
});

/** The object that holds the record, itself part of what is applied. */
export const renderRecord = ({ network, source, objects }: NetworkRecord): ManifestObject & { data: unknown } => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: recordName, namespace: 'kube-system' },
  data: { network, source, objects: JSON.stringify(objects) },
});

export async function readRecord(api: KubeApi, signal: AbortSignal): Promise<NetworkRecord | undefined> {
  const record = recordSchema.safeParse(await getIfThere(api, recordPath, signal));
  if (!record.success) return undefined;
  const { network, source, objects } = record.data.data;
  return { network, source, objects: z.array(objectId).parse(JSON.parse(objects)) };
}

/** The DaemonSets of the networks that klab knows. */
const known: Readonly<Record<string, string>> = { default: 'klab-net', calico: 'calico-node' };

const daemonSet = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({ spec: z.looseObject({ containers: z.array(z.looseObject({ image: z.string() })) }) }),
  }),
});

/** The networks that are installed, by their DaemonSets, and by klab's record for any other. */
export async function findInstalled(api: KubeApi, signal: AbortSignal): Promise<readonly InstalledNetwork[]> {
  const record = await readRecord(api, signal);
  const found: InstalledNetwork[] = [];
  for (const [name, set] of Object.entries(known)) {
    const object = await getIfThere(api, `/apis/apps/v1/namespaces/kube-system/daemonsets/${set}`, signal);
    if (object === undefined) continue;
    const read = daemonSet.safeParse(object);
    const image = read.success ? read.data.spec.template.spec.containers[0]?.image : undefined;
    found.push({ name, source: record?.network === name ? record.source : undefined, image });
  }
  if (record !== undefined && !Object.keys(known).includes(record.network)) {
    found.push({ name: record.network, source: record.source, image: undefined });
  }
  return found;
}

async function getIfThere(api: KubeApi, path: string, signal: AbortSignal): Promise<unknown> {
  try {
    return await api.get<unknown>(path, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
