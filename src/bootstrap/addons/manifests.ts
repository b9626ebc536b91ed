import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { ApiObject } from '../../api/port.ts';
import { isJsonObject } from '../../config/patches/json-value.ts';
import { applyJson6902 } from '../../config/patches/json6902.ts';

export type ManifestName = 'coredns' | 'kube-proxy' | 'storage' | 'default-network';

/**
 * What the cluster has in place of what the manifest has: another value, or the text changed. The path must be there,
 * so that manifest and code cannot drift apart.
 */
export type Replacement = {
  readonly kind: string;
  /** JSON pointer, like `/spec/clusterIP`. */
  readonly path: string;
} & ({ readonly value: unknown } | { readonly change: (text: string) => string });

/** The objects of images/manifests/NAME.yaml, with what depends on the cluster replaced. */
export function renderManifest(name: ManifestName, replacements: readonly Replacement[]): readonly ApiObject[] {
  const objects = loadManifest(name);
  const lost = replacements.find(({ kind }) => !objects.some((object) => object.kind === kind));
  if (lost !== undefined) throw new Error(`${name}.yaml has no ${lost.kind} to set ${lost.path} in`);
  return objects.map((object) => {
    const operations = replacements
      .filter((replacement) => replacement.kind === object.kind)
      .map((replacement) => ({ op: 'replace', path: replacement.path, value: newValue(object, replacement) }));
    return asObject(name, applyJson6902(object, operations));
  });
}

function newValue(object: ApiObject, replacement: Replacement): unknown {
  if ('value' in replacement) return replacement.value;
  const current = replacement.path
    .split('/')
    .slice(1)
    .reduce<unknown>((value, key) => (isJsonObject(value) ? value[key] : undefined), object);
  return typeof current === 'string' ? replacement.change(current) : current;
}

function loadManifest(name: ManifestName): readonly ApiObject[] {
  const text = readFileSync(new URL(`../../../images/manifests/${name}.yaml`, import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return asObject(name, document.toJS());
  });
}

function asObject(name: ManifestName, value: unknown): ApiObject {
  if (isJsonObject(value) && typeof value.kind === 'string') return value;
  throw new Error(`${name}.yaml holds something that is not a Kubernetes object`);
}
