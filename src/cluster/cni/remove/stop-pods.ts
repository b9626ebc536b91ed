import * as z from 'zod';
import type { ContainerEngine } from '../../../engine/port.ts';
import { runOnNode } from '../../node-command.ts';

/**
 * Takes the pods off their network while the network can still be asked to let them go: without its configuration the
 * runtime stops no sandbox any more. The kubelet, which would make new ones at once, is stopped meanwhile; it starts
 * again when the configuration is gone, and then makes the pods anew as soon as there is another network.
 */
const script = `const { execFileSync, spawnSync } = require('node:child_process');
const { rmSync } = require('node:fs');
const { configs } = JSON.parse(process.argv[1]);
const crictl = (...args) => execFileSync('crictl', args, { encoding: 'utf8', timeout: 60000 });
const stopped = [], failed = [];
spawnSync('systemctl', ['stop', 'kubelet']);
try {
  for (const { id, metadata } of JSON.parse(crictl('pods', '-o', 'json')).items || []) {
    const name = metadata.namespace + '/' + metadata.name;
    try {
      const { status } = JSON.parse(crictl('inspectp', id));
      const network = status.linux && status.linux.namespaces && status.linux.namespaces.options.network;
      if (network === 'NODE') continue;
      crictl('rmp', '-f', id);
      stopped.push(name);
    } catch (error) {
      const gone = !crictl('pods', '-q').includes(id);
      if (!gone) failed.push({ name, why: String(error.stderr || error.message).trim().split('\\n')[0] });
    }
  }
  for (const file of configs) rmSync(file, { force: true });
} finally {
  spawnSync('systemctl', ['start', 'kubelet']);
}
console.log(JSON.stringify({ stopped, failed }));`;

const schema = z.object({
  stopped: z.array(z.string()),
  failed: z.array(z.object({ name: z.string(), why: z.string() })),
});

export type StoppedPods = z.infer<typeof schema>;

/** Removes the sandboxes of a node's pods, but for those on its own network, and then these files. */
export async function stopPods(
  engine: ContainerEngine,
  node: string,
  configs: readonly string[],
  signal: AbortSignal,
): Promise<StoppedPods> {
  const argv = ['/usr/lib/klab/bin/node', '-e', script, JSON.stringify({ configs })];
  return schema.parse(JSON.parse(await runOnNode(engine, node, argv, { signal })));
}
