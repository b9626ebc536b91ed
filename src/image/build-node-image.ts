import type { Clock } from '../base/clock.ts';
import type { Progress } from '../base/progress.ts';
import type { ContainerEngine } from '../engine/port.ts';
import { noteImage, partCache } from './cache.ts';
import { containedImages, versions } from './contained-images.ts';
import { asPartFailure } from './errors.ts';
import { readInputs } from './inputs.ts';
import { type BuiltPart, makeParts } from './make-parts.ts';
import type { PartContext } from './parts/executor.ts';
import { executePart } from './parts/index.ts';
import { buildKeyLabel } from './parts/stages.ts';
import { inputNames, type OptionalPart, type Part, planParts } from './plan.ts';

export interface BuildNodeImageOptions {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly progress: Progress;
  /** Where parts are kept between builds; see `cacheFolder`. */
  readonly cacheDir: string;
  /** The name that the image gets, like klab/node:v1.37.2. */
  readonly imageReference: string;
  readonly withParts: readonly OptionalPart[];
  /** The checkout to build from. */
  readonly sourceDir?: string;
  readonly signal?: AbortSignal;
}

export interface BuiltImage {
  readonly reference: string;
  readonly parts: readonly BuiltPart[];
}

/** The node image's name when the user gives none. */
export const defaultNodeImage = `klab/node:${versions.kubernetes}`;

/** The checkout that this file lies in. */
const checkout = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');

/**
 * Makes the node image, part by part, from the checkout; parts that are cached are not made again. Answers every part
 * with its milliseconds. Throws KlabErrors with codes IMAGE_… (and the engine's).
 */
export async function buildNodeImage(options: BuildNodeImageOptions): Promise<BuiltImage> {
  const { clock, progress, imageReference, withParts, signal, sourceDir = checkout } = options;
  const inputs = await readInputs(inputNames(withParts), sourceDir);
  const plan = planParts({ withParts, labels: imageLabels(), inputs });
  const parts = await makeParts({
    ...resultStore(options, sourceDir, plan),
    plan,
    clock,
    progress,
    ...(signal === undefined ? {} : { signal }),
  });
  return { reference: imageReference, parts };
}

const imageLabels = (): Readonly<Record<string, string>> => ({
  'dev.klab.kubernetes-version': versions.kubernetes,
  'dev.klab.images': containedImages({ program: () => '', busyboxTar: '', networkToolsTar: '', pause: '' })
    .map(({ name }) => name)
    .join(','),
});

/** Where results are (folders in the cache, images in the engine), and how they get there. */
function resultStore(
  { engine, cacheDir, imageReference, progress }: BuildNodeImageOptions,
  source: string,
  plan: readonly Part[],
) {
  const cache = partCache(cacheDir);
  const byName = new Map(plan.map((part) => [part.name, part]));
  const partOf = (name: string): Part => {
    const part = byName.get(name);
    if (part === undefined) throw new Error(`the plan of the node image has no part "${name}"`);
    return part;
  };
  const imageOf = (part: Part): string =>
    part.recipe.kind === 'node' ? imageReference : `klab/node-build:${part.name}-${part.key}`;
  const contextOf = (part: Part, signal: AbortSignal): PartContext => ({
    engine,
    source,
    folderOf: (name) => cache.folder(partOf(name)),
    imageOf: (name) => imageOf(partOf(name)),
    report: (text) => progress({ type: 'stepDetail', step: part.name, text }),
    signal,
  });

  return {
    has: async (part: Part): Promise<boolean> => {
      if (part.result === 'folder') return cache.has(part);
      if (part.recipe.kind !== 'node') return engine.imageExists(imageOf(part));
      return (await engine.inspectImage(imageReference))?.labels[buildKeyLabel] === part.key;
    },
    make: async (part: Part, signal: AbortSignal): Promise<void> => {
      try {
        if (part.result === 'folder')
          await cache.fill(part, (folder) => executePart(part, contextOf(part, signal), folder));
        else await executePart(part, contextOf(part, signal), '');
      } catch (error) {
        signal.throwIfAborted();
        throw asPartFailure(part.name, error);
      }
      if (part.result === 'folder' || part.recipe.kind === 'node') return;
      // An old one may be gone already, or be what a container runs: then it stays.
      const old = await noteImage(cacheDir, part, imageOf(part));
      await Promise.allSettled(old.map((reference) => engine.removeImage(reference)));
    },
  };
}
