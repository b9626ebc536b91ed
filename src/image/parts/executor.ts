import type { ContainerEngine, Mount } from '../../engine/port.ts';
import type { Part, Recipe } from '../plan.ts';

/** What making a part may use. */
export interface PartContext {
  readonly engine: ContainerEngine;
  /** The checkout: images/ and src/ lie in it. */
  readonly source: string;
  /** The folder of a part that is made already. */
  readonly folderOf: (part: string) => string;
  /** The image of a part that is made already, or the reference that the part being made gets. */
  readonly imageOf: (part: string) => string;
  /** Tells what is being done now. */
  readonly report: (text: string) => void;
  /** Aborted when the user gives up or another part failed. */
  readonly signal: AbortSignal;
}

/** Makes one part: fills `folder` (for parts whose result is a folder) or creates the image `imageOf(part.name)`. */
export type PartExecutor<K extends Recipe['kind']> = (
  part: Part & { readonly recipe: Extract<Recipe, { kind: K }> },
  context: PartContext,
  folder: string,
) => Promise<void>;

/** Runs `use` with a throw-away container of an image, and removes it whatever happens. */
export async function withContainer<T>(
  { engine, signal }: PartContext,
  options: { readonly image: string; readonly kind: 'machine' | 'plain'; readonly mounts?: readonly Mount[] },
  use: (container: string) => Promise<T>,
): Promise<T> {
  const name = `klab-build-${process.pid}-${Date.now().toString(36)}`;
  try {
    await engine.runContainer(
      {
        name,
        image: options.image,
        kind: options.kind,
        entrypoint: ['/bin/sleep'],
        command: ['infinity'],
        ...(options.mounts === undefined ? {} : { mounts: options.mounts }),
      },
      signal,
    );
    return await use(name);
  } finally {
    await engine.removeContainer(name);
  }
}
