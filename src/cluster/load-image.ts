import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { ContainerEngine } from '../engine/port.ts';
import { archiveUnreadable, commandFailed, imageNotLocal, nodeNotFound } from './errors.ts';
import { nodesOf } from './list.ts';

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

async function importArchive(
  engine: ContainerEngine,
  node: string,
  archive: Readable,
  signal: AbortSignal,
): Promise<void> {
  // One platform only: what Docker saved may name others whose content it does not have.
  const argv = ['ctr', '--namespace=k8s.io', 'images', 'import', '--digests', '--snapshotter=overlayfs', '-'];
  const { exitCode, stdout, stderr } = await engine.exec(node, argv, { input: archive, signal });
  if (exitCode !== 0) throw commandFailed(node, 'ctr images import', `${stdout}${stderr}`.trim());
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
  await Promise.all(
    nodes.map(async (node) => {
      const present = await engine.exec(node, ['crictl', 'images', '-o', 'json'], { signal });
      const known =
        present.exitCode === 0
          ? (JSON.parse(present.stdout) as { images: { id: string; repoTags: string[] }[] }).images
          : [];
      const lacks = (image: string) =>
        !known.some(({ id, repoTags }) => id === ids.get(image) && repoTags.includes(fullReference(image)));
      const missing = images.filter(lacks);
      if (missing.length > 0) await importArchive(engine, node, await engine.saveImages(missing), signal);
    }),
  );
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
    await Promise.all(nodes.map((node) => importArchive(options.engine, node, createReadStream(path), options.signal)));
  }
  return { images: paths, nodes };
}
