import { isNotFound, isUnreachable } from '../../../api/errors.ts';
import type { ApiObject, KubeApi } from '../../../api/port.ts';
import { backoffMs } from '../../../base/backoff.ts';
import type { Clock } from '../../../base/clock.ts';
import { objectRefused } from '../errors.ts';
import { describeObject, isWorkload, type ManifestObject } from '../manifest.ts';
import { type ResourcePaths, resourcePaths } from './resource-paths.ts';

/** How klab signs for the fields it applies. */
const fieldManager = 'klab';

export interface ApplyOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What was there before, to be able to go back. */
export interface AppliedObject {
  readonly object: ManifestObject;
  readonly path: string;
  readonly before: ApiObject | undefined;
}

/** Definitions before what they define, accounts and settings before the pods that need them. */
function waveOf(object: ManifestObject): number {
  if (object.kind === 'Namespace' || object.kind === 'CustomResourceDefinition') return 0;
  if (isWorkload(object)) return 3;
  return isBuiltIn(object) ? 1 : 2;
}

/** Whether the API server knows the kind without any definition. */
const isBuiltIn = ({ apiVersion }: ManifestObject): boolean =>
  !apiVersion.includes('.') || /^[a-z.]+\.k8s\.io\//.test(apiVersion);

/** The objects in groups that can be applied side by side, group after group; none is empty. */
export const inWaves = (objects: readonly ManifestObject[]): readonly (readonly ManifestObject[])[] =>
  [0, 1, 2, 3].map((wave) => objects.filter((object) => waveOf(object) === wave)).filter((wave) => wave.length > 0);

const retry = { firstMs: 100, factor: 1.5, maxMs: 2000 };
const maxTries = 15;

/**
 * Applies the objects server-side, taking over the fields that others set. Each is noted in `applied` once it is; an
 * object that the API server refuses throws APPLY_FAILED, and those applied until then are left to the caller.
 */
export async function applyServerSide(
  objects: readonly ManifestObject[],
  applied: AppliedObject[],
  options: ApplyOptions,
): Promise<void> {
  const paths = resourcePaths(options.api, options.signal);
  for (const wave of inWaves(objects)) {
    const results = await Promise.allSettled(wave.map((object) => applyOne(object, paths, applied, options)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

async function applyOne(
  object: ManifestObject,
  paths: ResourcePaths,
  applied: AppliedObject[],
  { api, clock, signal }: ApplyOptions,
): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      const path = await paths.pathOf(object);
      if (path === undefined) throw new UnknownKind(object);
      const before = await readIfThere(api, path, signal);
      await api.patch(path, 'apply', withoutStatus(object), { signal, query: { fieldManager, force: true } });
      applied.push({ object, path, before });
      return;
    } catch (error) {
      signal.throwIfAborted();
      // A definition is served a moment after it was made, and so is a namespace.
      const mayCome = error instanceof UnknownKind || isNotFound(error) || isUnreachable(error);
      if (tries >= maxTries || !mayCome) throw objectRefused(describeObject(object), error);
      await clock.sleep(backoffMs(retry, tries), signal);
    }
  }
}

class UnknownKind extends Error {
  constructor({ apiVersion, kind }: ManifestObject) {
    super(`it knows no kind ${kind} in ${apiVersion}`);
  }
}

/** What controllers write is not ours to apply; the published CRDs have empty leftovers of it. */
function withoutStatus({ status: _, ...object }: ManifestObject & { status?: unknown }): ApiObject {
  return object;
}

async function readIfThere(api: KubeApi, path: string, signal: AbortSignal): Promise<ApiObject | undefined> {
  try {
    return await api.get<ApiObject>(path, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
