import { imageNotAvailable, notANodeImage } from '../../errors.ts';
import type { CreateContext, Step } from '../plan-types.ts';

/** What `klab build node-image` makes when no name is given. */
export const defaultNodeImage = 'klab/node:v1.37.2';
const versionLabel = 'dev.klab.kubernetes-version';

async function ensure({ engine, signal, buildImage, detail }: CreateContext, image: string): Promise<string> {
  if (!(await engine.imageExists(image))) {
    detail(`${image} is not here`);
    await engine.pullImage(image, signal).catch(async (error: unknown) => {
      signal.throwIfAborted();
      if (buildImage === undefined || image !== defaultNodeImage) throw imageNotAvailable(image, error);
      detail('it cannot be pulled: building it, which takes some minutes the first time');
      await buildImage(image);
    });
  }
  const version = (await engine.inspectImage(image))?.labels[versionLabel];
  if (version === undefined) throw notANodeImage(image);
  return version;
}

/** Every node's image is here, and says which Kubernetes it holds. */
export const ensureImage: Step = {
  title: 'Ensuring node image',
  async run(context) {
    const images = Object.fromEntries(context.config.nodes.map((node) => [node.name, node.image ?? defaultNodeImage]));
    const versions = new Map<string, string>();
    for (const image of new Set(Object.values(images))) versions.set(image, await ensure(context, image));
    const first = context.config.nodes.find(({ role }) => role === 'control-plane');
    context.made.image = images;
    context.made.kubernetesVersion = versions.get(images[first?.name ?? ''] ?? '') ?? '';
  },
};
