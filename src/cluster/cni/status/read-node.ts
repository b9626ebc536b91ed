import * as z from 'zod';
import type { ContainerEngine } from '../../../engine/port.ts';

/** What a node has of networks on its disk, as it stands. */
export interface NodeNetwork {
  /** Files of the runtime's configuration folder that may be networks, sorted by name. */
  readonly configs: readonly { readonly file: string; readonly text: string }[];
  readonly binaries: readonly string[];
}

export const configFolder = '/etc/cni/net.d';
export const binaryFolder = '/opt/cni/bin';

const script = `const { readdirSync, readFileSync } = require('node:fs');
const list = (folder) => { try { return readdirSync(folder).sort(); } catch { return []; } };
const read = (file) => { try { return readFileSync(file, 'utf8'); } catch { return ''; } };
const files = list('${configFolder}').filter((file) => /\\.(conf|conflist|json)$/.test(file));
console.log(JSON.stringify({
  configs: files.map((file) => ({ file, text: read('${configFolder}/' + file) })),
  binaries: list('${binaryFolder}'),
}));`;

const schema = z.object({
  configs: z.array(z.object({ file: z.string(), text: z.string() })),
  binaries: z.array(z.string()),
});

/** Undefined: the node does not run, or does not answer in time. */
export async function readNodeNetwork(
  engine: ContainerEngine,
  node: string,
  signal: AbortSignal,
): Promise<NodeNetwork | undefined> {
  try {
    const argv = ['/usr/lib/klab/bin/node', '-e', script];
    const { exitCode, stdout } = await engine.exec(node, argv, { signal, timeoutMs: 10_000 });
    return exitCode === 0 ? schema.parse(JSON.parse(stdout)) : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
