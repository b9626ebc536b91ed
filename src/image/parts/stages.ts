import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { messageOf } from '../../base/errors.ts';
import { stageDockerfile } from '../dockerfile.ts';
import { partFailed } from '../errors.ts';
import { folderTree, type LayerEntry, streamEntries } from '../oci/layer.ts';
import type { PartContext, PartExecutor } from './executor.ts';

export const makePackages: PartExecutor<'packages'> = (part, context) => buildStage(part.name, 'debian', [], context);

/** Where the programs of each part go on the node. */
const places: Readonly<Record<string, string>> = {
  containerd: 'usr/local/bin',
  runc: 'usr/local/sbin',
  'cni-plugins': 'opt/cni/bin',
  nodejs: 'usr/lib/klab/bin',
  'upstream-kubelet': 'usr/lib/klab/upstream',
};

/** Of the Kubernetes part, what users and joining nodes run on the node itself; the rest runs in containers. */
const commandsOnNode = ['kubeadm', 'kubectl'];

export const makeBinaries: PartExecutor<'binaries'> = async (part, context) => {
  const parts = Object.keys(places).filter((name) => name !== 'upstream-kubelet' || part.recipe.upstreamKubelet);
  const trees = parts.map((name) => folderTree(context.folderOf(name), `binaries/${places[name] ?? ''}`));
  const kubernetes = commandsOnNode.map(
    (name): LayerEntry => ({
      kind: 'file',
      path: `binaries/usr/bin/${name}`,
      source: join(context.folderOf('kubernetes'), name),
      mode: 0o755,
    }),
  );
  await buildStage(part.name, 'packages', [...(await Promise.all(trees)).flat(), ...kubernetes], context);
};

export const makeNode: PartExecutor<'node'> = async (part, context) => {
  const rootfs = await folderTree(join(context.source, 'images/node/rootfs'), 'rootfs');
  const bundles = await folderTree(context.folderOf('bundles'), 'bundles');
  await buildStage(part.name, 'images', [...rootfs, ...bundles], context, {
    ...part.recipe.labels,
    [buildKeyLabel]: part.key,
  });
};

/** The label that tells which plan a node image was made by. */
export const buildKeyLabel = 'dev.klab.build-key';

async function buildStage(
  stage: string,
  base: string,
  files: readonly LayerEntry[],
  { engine, source, imageOf, report, signal }: PartContext,
  labels?: Readonly<Record<string, string>>,
): Promise<void> {
  const dockerfile = await readFile(join(source, 'images/node/Dockerfile'), 'utf8');
  const text = stageDockerfile(dockerfile, stage, imageOf(base));
  const contextTar: Readable = streamEntries([{ kind: 'text', path: 'Dockerfile', text, mode: 0o644 }, ...files]);
  const output: string[] = [];
  try {
    await engine.buildImage(contextTar, imageOf(stage), {
      onLine: (line) => {
        output.push(line);
        if (line.startsWith('Step ')) report(line);
      },
      ...(labels === undefined ? {} : { labels }),
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw partFailed(stage, messageOf(error), output.join('\n'));
  }
}
