import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { featuresOf } from '../config/index.ts';
import { createImageManager, parseDockerConfig, pullRate, pullRecords } from '../images/index.ts';
import type { podObjects } from '../objects/index.ts';
import type { Foundation } from './foundation.ts';

/** Pulls, and the records of who was let pull what. */
export function composeImages(
  { flags: { rootDir }, config, clock, journal, cri }: Foundation,
  objects: ReturnType<typeof podObjects> | undefined,
) {
  const records = featuresOf(config)('KubeletEnsureSecretPulledImages')
    ? pullRecords({
        folder: join(rootDir, 'image_manager'),
        clock,
        cri,
        policy: {
          kind: config.imagePullCredentialsVerificationPolicy,
          allowed: config.preloadedImagesVerificationAllowlist ?? [],
        },
      })
    : undefined;
  const images = createImageManager({
    cri,
    clock,
    journal,
    maxParallelPulls: config.serializeImagePulls ? 1 : (config.maxParallelImagePulls ?? Number.POSITIVE_INFINITY),
    ...(objects === undefined ? {} : { objects }),
    records,
    mayPull: pullRate(clock, config.registryPullQPS, config.registryBurst),
    nodeCredentials: async () =>
      parseDockerConfig(await readFile(join(rootDir, 'config.json'), 'utf8').catch(() => '{}')),
  });
  return { images, records };
}
