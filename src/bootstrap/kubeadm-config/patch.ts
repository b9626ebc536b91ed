import { parse } from 'yaml';
import type { Json6902Patch } from '../../config/model.ts';
import { isJsonObject } from '../../config/patches/json-value.ts';
import { applyJson6902 } from '../../config/patches/json6902.ts';
import { mergePatch } from '../../config/patches/merge.ts';
import { kubeadmPatchFails, kubeadmPatchMalformed, kubeadmPatchMatchesNothing } from '../errors.ts';
import { type DocumentKind, type Documents, documentKinds } from './documents.ts';
import { fromV1beta3, hasArgumentMaps, toV1beta3, v1beta3 } from './v1beta3.ts';

/** The patches of the cluster, or of one node. */
export interface Patches {
  /** For messages, like `nodes[1]`; empty for the cluster's. */
  readonly where: string;
  readonly kubeadmConfigPatches: readonly string[];
  readonly kubeadmConfigPatchesJSON6902: readonly Json6902Patch[];
}

type Document = Readonly<Record<string, unknown>>;

/**
 * Applies merge patches, then JSON6902 patches, each to the document of its kind (and version, where it names one: a
 * patch for a version that nobody asked about is left out, so that one cluster file serves several). A v1beta3 patch
 * is applied to the document's v1beta3 form.
 */
export function applyPatches(documents: Documents, patches: Patches): Documents {
  const prefix = patches.where === '' ? '' : `${patches.where}.`;
  const merged = patches.kubeadmConfigPatches.reduce<Documents>(
    (all, text, i) => applyMergePatch(all, text, `${prefix}kubeadmConfigPatches[${i}]`),
    documents,
  );
  return patches.kubeadmConfigPatchesJSON6902.reduce<Documents>(
    (all, patch, i) => applyOperations(all, patch, `${prefix}kubeadmConfigPatchesJSON6902[${i}]`),
    merged,
  );
}

function applyMergePatch(documents: Documents, text: string, where: string): Documents {
  const patch = parseYaml(text, where);
  if (patch === null || patch === undefined) return documents;
  if (!isJsonObject(patch)) throw kubeadmPatchMalformed(where, 'the patch is not a YAML map');
  if (typeof patch.kind !== 'string') throw kubeadmPatchMalformed(where, 'the patch does not say its kind');
  const apiVersion =
    typeof patch.apiVersion === 'string' ? patch.apiVersion : hasArgumentMaps(patch) ? v1beta3 : undefined;
  const { apiVersion: _version, ...rest } = patch;
  return patchDocument(documents, patch.kind, apiVersion, where, (document) => mergePatch(document, rest));
}

function applyOperations(documents: Documents, patch: Json6902Patch, where: string): Documents {
  const apiVersion = patch.version === '' ? undefined : `${patch.group}/${patch.version}`;
  const operations = parseYaml(patch.patch, where);
  return patchDocument(documents, patch.kind, apiVersion, where, (document) => {
    try {
      return applyJson6902(document, operations);
    } catch (error) {
      throw kubeadmPatchFails(where, error);
    }
  });
}

function patchDocument(
  documents: Documents,
  kind: string,
  apiVersion: string | undefined,
  where: string,
  patch: (document: Document) => unknown,
): Documents {
  if (otherKinds.includes(kind)) return documents;
  if (!isDocumentKind(kind)) throw kubeadmPatchMatchesNothing(where, kind, documentKinds);
  const document = documents[kind];
  const keep = (patched: unknown): Document => {
    if (!isJsonObject(patched)) throw kubeadmPatchMalformed(where, `the patch leaves no ${kind} behind`);
    return patched;
  };
  if (apiVersion === v1beta3 && String(document.apiVersion).startsWith('kubeadm.k8s.io/')) {
    return { ...documents, [kind]: fromV1beta3(keep(patch(toV1beta3(document)))) };
  }
  if (apiVersion !== undefined && apiVersion !== document.apiVersion) return documents;
  return { ...documents, [kind]: keep(patch(document)) };
}

function parseYaml(text: string, where: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw kubeadmPatchMalformed(where, 'the patch is not valid YAML', error);
  }
}

/** kubeadm's for commands that klab does not run: right to have in a cluster file, and nothing to patch. */
const otherKinds: readonly string[] = ['ResetConfiguration', 'UpgradeConfiguration'];

const isDocumentKind = (kind: string): kind is DocumentKind => documentKinds.some((known) => known === kind);
