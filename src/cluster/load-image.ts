import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { PassThrough, type Readable } from 'node:stream';
import type { ContainerEngine } from '../engine/port.ts';
import { allSettled } from './all-settled.ts';
import { archiveRefused, archiveUnreadable, imageNotLocal, nodeNotFound } from './errors.ts';
import { nodesOf } from './list.ts';
import { runOnNode } from './node-command.ts';

export interface LoadOptions {
  readonly engine: ContainerEngine;
  readonly cluster: string;
  /** Empty: all nodes of the cluster. */
  readonly nodes: readonly string[];
  readonly signal: AbortSignal;
}

/** The nodes to load into; throws CLUSTER_NOT_FOUND or NODE_NOT_FOUND. */
async function targets({ engine, cluster, nodes }: LoadOptions): Promise<readonly string[]> {
  const all = (await nodesOf(engine, cluster)).map(({ name }) => name);
  for (const node of nodes) if (!all.includes(node)) throw nodeNotFound(node, all);
  return nodes.length === 0 ? all : nodes;
}

/** Names as containerd keeps them: `nginx` → `docker.io/library/nginx:latest`. */
export function fullReference(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  const hasHost = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost');
  const named = hasHost ? reference : rest.length > 0 ? `docker.io/${reference}` : `docker.io/library/${reference}`;
  return /[:@][^/]*$/.test(named.slice(named.lastIndexOf('/'))) ? named : `${named}:latest`;
}

/** Images as `crictl images -o json` lists them. */
interface ImagesOnNode {
  readonly images: readonly { readonly id: string; readonly repoTags?: readonly string[] }[];
}

/** Those of the wanted images (reference → id) that a node lacks under this name with this content. */
export function decideMissing(wanted: ReadonlyMap<string, string>, { images }: ImagesOnNode): readonly string[] {
  const has = (reference: string, id: string) =>
    images.some((image) => image.id === id && image.repoTags?.includes(fullReference(reference)));
  return [...wanted].filter(([reference, id]) => !has(reference, id)).map(([reference]) => reference);
}

/** What containerd's client says about the machine has nothing to do with the archive. */
const withoutWarnings = (output: string): string =>
  output
    .split('\n')
    .filter((line) => !line.includes('level=warning'))
    .join('\n')
    .trim();

/** Reads the archive once for all nodes, as fast as the slowest of them takes it in. */
async function importArchive(
  engine: ContainerEngine,
  nodes: readonly string[],
  archive: Readable,
  signal: AbortSignal,
): Promise<void> {
  // The node's own platform only: what Docker saved may name others whose content it does not have.
  const argv = ['ctr', '--namespace=k8s.io', 'images', 'import', '--digests', '--snapshotter=overlayfs', '-'];
  const unreadable = new Promise<never>((_resolve, reject) => archive.once('error', reject));
  const all = allSettled(nodes, async (node) => {
    const copy = archive.pipe(new PassThrough());
    try {
      const { exitCode, stdout, stderr } = await engine.exec(node, argv, { input: copy, signal });
      if (exitCode !== 0) throw archiveRefused(node, withoutWarnings(`${stdout}${stderr}`));
    } finally {
      // One that gave up must not hold up the others.
      archive.unpipe(copy);
      copy.resume();
    }
  });
  await Promise.race([all, unreadable]).finally(() => archive.destroy());
}

async function imagesOn(engine: ContainerEngine, node: string, signal: AbortSignal): Promise<ImagesOnNode> {
  return JSON.parse(await runOnNode(engine, node, ['crictl', 'images', '-o', 'json'], { signal })) as ImagesOnNode;
}

/** Copies images from the engine into the nodes' containerd; a node that has an image already is left alone. */
export async function loadImages(
  options: LoadOptions,
  images: readonly string[],
): Promise<{ images: readonly string[]; nodes: readonly string[] }> {
  const { engine, signal } = options;
  const nodes = await targets(options);
  const ids = new Map<string, string>();
  for (const image of images) {
    const found = await engine.inspectImage(image);
    if (found === undefined) throw imageNotLocal(image);
    ids.set(image, found.id);
  }
  // Nodes that lack the same are served from one reading of the engine's images.
  const lacking = new Map<string, { readonly missing: readonly string[]; readonly nodes: string[] }>();
  await allSettled(nodes, async (node) => {
    const missing = decideMissing(ids, await imagesOn(engine, node, signal));
    const key = missing.join(' ');
    const group = lacking.get(key) ?? { missing, nodes: [] };
    lacking.set(key, group);
    group.nodes.push(node);
  });
  for (const group of lacking.values()) {
    if (group.missing.length === 0) continue;
    await importArchive(engine, group.nodes, await engine.saveImages(group.missing), signal);
  }
  return { images, nodes };
}

/** Loads archives (`docker save`, OCI) into the nodes' containerd. Throws ARCHIVE_UNREADABLE. */
export async function loadArchives(
  options: LoadOptions,
  paths: readonly string[],
): Promise<{ images: readonly string[]; nodes: readonly string[] }> {
  const nodes = await targets(options);
  for (const path of paths) {
    await access(path).catch((error: unknown) => {
      throw archiveUnreadable(path, error);
    });
    await importArchive(options.engine, nodes, createReadStream(path), options.signal);
  }
  return { images: paths, nodes };
}
