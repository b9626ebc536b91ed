import type { Pod } from '../../api/types.ts';
import type { PodSandboxConfig } from '../../cri/port.ts';
import { StartFailure } from '../containers/errors.ts';
import type { ImageManager, MountedVolumes, RunnableContainer } from '../parts.ts';

/** By volume: the image's ID, or why it is not there. */
export type ImageVolumes = ReadonlyMap<string, string | StartFailure>;

/** Sees to the images of all the pod's volumes of type image. Rejects only when the signal aborts. */
export async function pullImageVolumes(
  pod: Pod,
  volumes: MountedVolumes,
  images: Pick<ImageManager, 'ensureForVolume'>,
  sandbox: PodSandboxConfig,
  signal: AbortSignal,
): Promise<ImageVolumes> {
  const found = new Map<string, string | StartFailure>();
  for (const [name, { image }] of volumes) {
    if (image === undefined) continue;
    try {
      found.set(name, await images.ensureForVolume(pod, image, sandbox, signal));
    } catch (error) {
      if (!(error instanceof StartFailure)) throw error;
      found.set(name, error);
    }
  }
  return found;
}

/** What keeps the container from starting, one for each of its mounts whose image is not there. */
export const missingImages = (container: RunnableContainer, images: ImageVolumes): readonly StartFailure[] =>
  (container.volumeMounts ?? []).flatMap(({ name }) => {
    const image = images.get(name);
    return image instanceof StartFailure ? [image] : [];
  });

/** The volumes, those of type image with what was found for them. */
export const withImages = (volumes: MountedVolumes, images: ImageVolumes): MountedVolumes =>
  new Map(
    [...volumes].map(([name, volume]) => {
      const id = images.get(name);
      return [name, volume.image && typeof id === 'string' ? { ...volume, image: { ...volume.image, id } } : volume];
    }),
  );
