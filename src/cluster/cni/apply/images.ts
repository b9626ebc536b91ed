import * as z from 'zod';
import type { ContainerEngine } from '../../../engine/port.ts';
import { allSettled } from '../../all-settled.ts';
import { fullReference, loadImages } from '../../load-image.ts';
import { runOnNode } from '../../node-command.ts';
import { imageNotPullable } from '../errors.ts';
import type { NeededImage } from '../manifest.ts';

export interface ImageOptions {
  readonly engine: ContainerEngine;
  readonly cluster: string;
  readonly nodes: readonly string[];
  readonly signal: AbortSignal;
  readonly detail: (text: string) => void;
}

/** How one image gets to the nodes that lack it. */
export type ImageAction =
  | { readonly kind: 'load'; readonly image: string; readonly nodes: readonly string[]; readonly because: string }
  | { readonly kind: 'pull'; readonly image: string; readonly nodes: readonly string[]; readonly because: string };

/**
 * What has to be done so that the pods can start: images of this machine are loaded into all nodes, the others are
 * pulled where they are needed. Of an image that not every node needs, one node shows that it can be had.
 */
export function decideImages(
  needed: readonly NeededImage[],
  onNodes: ReadonlyMap<string, ReadonlySet<string>>,
  onHost: ReadonlySet<string>,
): readonly ImageAction[] {
  return needed.flatMap(({ image, onEveryNode }): readonly ImageAction[] => {
    // Another content may have the same name: loading finds out, and leaves alone what is the same.
    if (onHost.has(image)) return [{ kind: 'load', image, nodes: [...onNodes.keys()], because: 'this machine has it' }];
    const lacking = [...onNodes].filter(([, has]) => !has.has(fullReference(image))).map(([node]) => node);
    if (lacking.length === 0) return [];
    if (onEveryNode) return [{ kind: 'pull', image, nodes: lacking, because: 'every node runs it' }];
    if (lacking.length < onNodes.size) return [];
    return [{ kind: 'pull', image, nodes: lacking.slice(0, 1), because: 'one node will run it' }];
  });
}

/**
 * Gets the images to the nodes before anything else is changed. Throws CNI_IMAGE_NOT_PULLED, which names image and
 * node and says what to type.
 */
export async function provideImages(needed: readonly NeededImage[], options: ImageOptions): Promise<void> {
  const { engine, cluster, nodes, signal, detail } = options;
  const onNodes = new Map<string, ReadonlySet<string>>();
  await allSettled(nodes, async (node) => void onNodes.set(node, await imagesOn(engine, node, signal)));
  const onHost = new Set<string>();
  for (const { image } of needed) if ((await engine.inspectImage(image)) !== undefined) onHost.add(image);

  const actions = decideImages(needed, new Map(nodes.map((node) => [node, onNodes.get(node) ?? new Set()])), onHost);
  const load = actions.filter(({ kind }) => kind === 'load');
  if (load.length > 0) {
    const images = load.map(({ image }) => image);
    detail(`loading ${images.join(', ')}`);
    await loadImages({ engine, cluster, nodes: [...new Set(load.flatMap((action) => action.nodes))], signal }, images);
  }
  for (const { image, nodes: lacking } of actions.filter(({ kind }) => kind === 'pull')) {
    detail(`pulling ${image} on ${lacking.join(', ')}`);
    await allSettled(lacking, (node) => pull(image, node, options));
  }
}

async function pull(image: string, node: string, { engine, cluster, signal }: ImageOptions): Promise<void> {
  const { exitCode, stdout, stderr } = await engine.exec(node, ['crictl', 'pull', image], { signal });
  if (exitCode !== 0) throw imageNotPullable(image, node, cluster, whyNotPulled(`${stderr}\n${stdout}`));
}

/** The innermost reason: what containerd wraps around it repeats the image's name over and over. */
export function whyNotPulled(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const line = lines.find((each) => each !== '') ?? 'it did not say why';
  const [, reason] =
    /(?:failed to (?:do request|resolve reference|resolve image)[^:]*: |: )((?:dial tcp|lookup|unexpected status|not found|pull access denied|unauthorized|no such host|x509).*)$/.exec(
      line,
    ) ?? [];
  return (reason ?? line).replace(/^error: /i, '').slice(0, 300);
}

const imageList = z.looseObject({
  images: z.array(
    z.looseObject({ repoTags: z.array(z.string()).default([]), repoDigests: z.array(z.string()).default([]) }),
  ),
});

/** The names of the images that a node has, as containerd writes them. */
async function imagesOn(engine: ContainerEngine, node: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const output = await runOnNode(engine, node, ['crictl', 'images', '-o', 'json'], { signal });
  return new Set(
    imageList.parse(JSON.parse(output)).images.flatMap(({ repoTags, repoDigests }) => [...repoTags, ...repoDigests]),
  );
}
