import type { Clock } from '../base/clock.ts';
import { KeyedSerial } from '../base/keyed-serial.ts';
import type { Progress } from '../base/progress.ts';
import type { ContainerEngine } from '../engine/port.ts';
import { partCache } from './cache.ts';
import { containedImages, versions } from './contained-images.ts';
import { readInputs } from './inputs.ts';
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

export interface BuiltPart {
  readonly name: string;
  readonly ms: number;
  readonly cached: boolean;
}

export interface BuiltImage {
  readonly reference: string;
  readonly parts: readonly BuiltPart[];
}

/** The node image's name when the user gives none. */
export const defaultNodeImage = `klab/node:${versions.kubernetes}`;

/**
 * Makes the node image, part by part, from the checkout. Only what the image lacks is made: a part whose result is
 * cached is not made, nor is anything that only that part needs. Throws KlabErrors with code IMAGE_….
 */
export async function buildNodeImage(options: BuildNodeImageOptions): Promise<BuiltImage> {
  const { clock, progress, imageReference, withParts, sourceDir = checkout } = options;
  const inputs = await readInputs(inputNames(withParts), sourceDir);
  const plan = planParts({ withParts, labels: imageLabels(), inputs });
  const results = resultStore(options, plan);
  const builds = new Map<string, Promise<void>>();
  const built = new Map<string, BuiltPart>();
  const turns = new KeyedSerial<string>();

  const ensure = (part: Part): Promise<void> => {
    const running = builds.get(part.name) ?? make(part);
    builds.set(part.name, running);
    return running;
  };
  const make = async (part: Part): Promise<void> => {
    if (await results.has(part)) {
      note(part, 0, true);
      return;
    }
    await settleAll(part.needs.map((name) => ensure(results.part(name))));
    // `go build` uses every core: two at once would only slow each other down.
    await turns.run(part.recipe.kind === 'go' ? 'go' : part.name, async () => {
      options.signal?.throwIfAborted();
      const at = clock.now();
      progress({ type: 'stepStarted', step: part.name, at });
      try {
        await results.make(part, {
          engine: options.engine,
          source: sourceDir,
          folderOf: (name) => results.folder(results.part(name)),
          imageOf: (name) => results.image(results.part(name)),
          report: (text) => progress({ type: 'stepDetail', step: part.name, text }),
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        });
        note(part, clock.now() - at, false);
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        progress({ type: 'stepEnded', step: part.name, ms: clock.now() - at, error: failure });
        throw error;
      }
    });
  };
  const note = (part: Part, ms: number, cached: boolean): void => {
    built.set(part.name, { name: part.name, ms, cached });
    progress({ type: 'stepEnded', step: part.name, ms, ...(cached ? { cached } : {}) });
  };

  const last = plan.at(-1);
  if (last !== undefined) await ensure(last);
  return {
    reference: imageReference,
    parts: plan.map(({ name }) => built.get(name) ?? { name, ms: 0, cached: true }),
  };
}

/** The checkout that this file lies in. */
const checkout = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');

const imageLabels = (): Readonly<Record<string, string>> => ({
  'dev.klab.kubernetes-version': versions.kubernetes,
  'dev.klab.images': containedImages({ program: () => '', busyboxTar: '', networkToolsTar: '', pause: '' })
    .map(({ name }) => name)
    .join(','),
});

/** Where results are: folders in the cache, images in the engine. */
function resultStore({ engine, cacheDir, imageReference }: BuildNodeImageOptions, plan: readonly Part[]) {
  const cache = partCache(cacheDir);
  const byName = new Map(plan.map((part) => [part.name, part]));
  const image = (part: Part) =>
    part.recipe.kind === 'node' ? imageReference : `klab/node-build:${part.name}-${part.key}`;
  return {
    part: (name: string): Part => {
      const part = byName.get(name);
      if (part === undefined) throw new Error(`the plan of the node image has no part "${name}"`);
      return part;
    },
    folder: cache.folder,
    image,
    has: async (part: Part): Promise<boolean> => {
      if (part.result === 'folder') return cache.has(part);
      if (part.recipe.kind !== 'node') return engine.imageExists(image(part));
      return (await engine.inspectImage(imageReference))?.labels[buildKeyLabel] === part.key;
    },
    make: (part: Part, context: PartContext): Promise<void> =>
      part.result === 'folder'
        ? cache.fill(part, (folder) => executePart(part, context, folder))
        : executePart(part, context, ''),
  };
}

/** Waits for all, then fails with the first failure: nothing goes on in the background after an error. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
