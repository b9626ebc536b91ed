import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import packageJson from '../../package.json' with { type: 'json' };
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { ContainerEngine } from '../engine/port.ts';
import { type ClusterNode, nodesOf } from './list.ts';

export interface ExportLogsOptions {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly cluster: string;
  readonly folder: string;
}

/** One piece must not keep the others from being saved: a hanging node is what logs are wanted for. */
const pieceTimeoutMs = 20_000;

/** File below the node's folder → the command whose output goes there. */
const commands: Readonly<Record<string, readonly string[]>> = {
  'kubernetes-version.txt': ['cat', '/kind/version'],
  'journal.log': ['journalctl', '--no-pager'],
  'kubelet.log': ['journalctl', '--no-pager', '-u', 'kubelet.service'],
  'containerd.log': ['journalctl', '--no-pager', '-u', 'containerd.service'],
  'images.log': ['crictl', 'images'],
};

/**
 * Writes the logs of every node into the folder, laid out as kind does. A piece that cannot be had, or not in time,
 * becomes a file that says why. Throws CLUSTER_NOT_FOUND, or when the folder cannot be written.
 */
export async function exportLogs({ engine, clock, cluster, folder }: ExportLogsOptions): Promise<string> {
  const nodes = await nodesOf(engine, cluster);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'klab-version.txt'), `${packageJson.version}\n`);
  const piece = (path: string, make: () => Promise<string>) => savePiece(join(folder, path), make, clock);
  await piece('docker-info.txt', async () => `${JSON.stringify((await engine.info()).raw, null, 2)}\n`);
  await Promise.all(
    nodes.map(async (node) => {
      await mkdir(join(folder, node.name), { recursive: true });
      await Promise.all([
        piece(`${node.name}/inspect.json`, async () => `${JSON.stringify([node.container.raw], null, 2)}\n`),
        piece(`${node.name}/serial.log`, () => engine.containerLogs(node.name)),
        ...Object.entries(commands).map(([file, argv]) =>
          piece(`${node.name}/${file}`, async () => {
            const { stdout, stderr } = await engine.exec(node.name, argv, { timeoutMs: pieceTimeoutMs });
            return stdout || stderr;
          }),
        ),
        copyVarLog(engine, node, join(folder, node.name), clock),
      ]);
    }),
  );
  return folder;
}

async function savePiece(path: string, make: () => Promise<string>, clock: Clock): Promise<void> {
  const text = await inTime(make(), clock).catch((error: unknown) => `could not be had: ${messageOf(error)}\n`);
  await writeFile(path, text);
}

function inTime<T>(work: Promise<T>, clock: Clock): Promise<T> {
  const late = new AbortController();
  const timeout = clock.sleep(pieceTimeoutMs, late.signal).then(() => {
    throw new Error(`no answer within ${pieceTimeoutMs / 1000} seconds`);
  });
  return Promise.race([work, timeout]).finally(() => late.abort());
}

/** Everything below the node's /var/log; links are left out, since what they point at comes too. */
async function copyVarLog(engine: ContainerEngine, { name }: ClusterNode, folder: string, clock: Clock): Promise<void> {
  const copy = async () => unpackFiles(await engine.getArchive(name, '/var/log'), folder);
  await inTime(copy(), clock).catch((error: unknown) =>
    writeFile(join(folder, 'var-log.error.txt'), `could not be had: ${messageOf(error)}\n`),
  );
}

async function unpackFiles(tar: Readable, folder: string): Promise<void> {
  const entries = tar.pipe(extract());
  for await (const entry of entries) {
    const path = normalize(entry.header.name).replace(/^log\//, '');
    // The archive comes from a container: it must not write outside the folder.
    if (entry.header.type !== 'file' || path.startsWith('..') || path.startsWith('/') || path.startsWith('journal/')) {
      entry.resume();
      continue;
    }
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), await buffer(entry));
  }
}
