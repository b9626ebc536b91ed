import { type Document, parseAllDocuments } from 'yaml';
import * as z from 'zod';
import type { ApiObject } from '../../api/port.ts';
import { manifestInvalid } from './errors.ts';

/** A manifest's objects, each with the YAML it came from, so that it can be changed and shown as it was written. */
export interface CniManifest {
  /** Where it came from, as messages name it: a path, a URL, `standard input`. */
  readonly source: string;
  readonly parts: readonly ManifestPart[];
}

export interface ManifestPart {
  readonly document: Document;
  readonly object: ManifestObject;
}

export interface ManifestObject extends ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { name: string; namespace?: string; [key: string]: unknown };
}

const objectSchema = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.looseObject({ name: z.string().min(1), namespace: z.string().optional() }),
});

/** Reads YAML or JSON documents; empty ones are left out. Throws CNI_MANIFEST_INVALID with the line at fault. */
export function readManifest(text: string, source: string): CniManifest {
  const parts = parseAllDocuments(text).flatMap((document): readonly ManifestPart[] => {
    const [error] = document.errors;
    if (error !== undefined) throw manifestInvalid(source, error.message.split('\n')[0] ?? error.message);
    const value: unknown = document.toJS();
    return value === null || value === undefined ? [] : [{ document, object: readObject(value, source) }];
  });
  if (parts.length === 0) throw manifestInvalid(source, 'it is empty');
  return { source, parts };
}

/** Any value as an object of the API; throws CNI_MANIFEST_INVALID, which names `source`. */
export function readObject(value: unknown, source: string): ManifestObject {
  const read = objectSchema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    const what = typeof value === 'object' && 'kind' in Object(value) ? `its ${Object(value).kind}` : 'a document';
    throw manifestInvalid(source, `${what} has no valid ${issue?.path.join('.') || 'fields'}`);
  }
  const { metadata, ...rest } = read.data;
  const { namespace, ...others } = metadata;
  return { ...rest, metadata: namespace === undefined ? others : { ...others, namespace } };
}

/** How messages name an object: `DaemonSet kube-system/calico-node`. */
export const describeObject = ({ kind, metadata }: ApiObject): string =>
  `${kind} ${metadata?.namespace ? `${metadata.namespace}/` : ''}${metadata?.name}`;

const containerSchema = z.looseObject({ name: z.string(), image: z.string().optional() });
const workloadSchema = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        initContainers: z.array(containerSchema).nullish(),
        containers: z.array(containerSchema).nullish(),
      }),
    }),
  }),
});

const workloads = ['DaemonSet', 'Deployment', 'StatefulSet', 'Job'];

export const isWorkload = ({ kind }: ApiObject): boolean => workloads.includes(kind ?? '');

/** An image that pods of the manifest run, and whether every node needs it. */
export interface NeededImage {
  readonly image: string;
  readonly onEveryNode: boolean;
}

/** The images of all its workloads, each once, those of DaemonSets first. */
export function imagesOf(objects: readonly ApiObject[]): readonly NeededImage[] {
  const images = new Map<string, boolean>();
  for (const object of objects) {
    const read = isWorkload(object) ? workloadSchema.safeParse(object) : undefined;
    if (!read?.success) continue;
    const { initContainers, containers } = read.data.spec.template.spec;
    for (const { image } of [...(initContainers ?? []), ...(containers ?? [])]) {
      if (image !== undefined) images.set(image, (images.get(image) ?? false) || object.kind === 'DaemonSet');
    }
  }
  return [...images]
    .map(([image, onEveryNode]) => ({ image, onEveryNode }))
    .sort((a, b) => Number(b.onEveryNode) - Number(a.onEveryNode));
}
