import * as z from 'zod';
import type { Clock } from '../../../base/clock.ts';
import { waitUntil } from '../../../base/wait-until.ts';
import type { ContainerEngine } from '../../../engine/port.ts';
import { allSettled } from '../../all-settled.ts';
import { runOnNode } from '../../node-command.ts';
import { configFolder, readNodeNetwork } from '../status/read-node.ts';
import { decideCleanup } from './decide.ts';
import { readNodeState } from './node-state.ts';
import { stopPods } from './stop-pods.ts';
import { tracesOf } from './traces.ts';

export interface NodeOptions {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly nodes: readonly string[];
  readonly signal: AbortSignal;
  /** What could not be done is added to it, and no reason to stop. */
  readonly problems: string[];
}

/** Takes all nodes' pods off their network and removes its configuration. Answers which pods there were. */
export async function detachPods({ engine, nodes, signal, problems }: NodeOptions): Promise<readonly string[]> {
  const pods: string[] = [];
  await allSettled(nodes, async (node) => {
    const { stopped, failed } = await stopPods(engine, node, await configsOf(engine, node, signal), signal);
    pods.push(...stopped);
    problems.push(...failed.map(({ name, why }) => `${node}: pod ${name} was not taken off its network: ${why}`));
  });
  return pods.sort();
}

/** Removes what these networks left on the nodes, once their own pods, of which these are the UIDs, have ended there. */
export async function cleanNodes(
  networks: readonly string[],
  podUids: ReadonlySet<string>,
  options: NodeOptions,
): Promise<void> {
  const { engine, nodes, signal, problems } = options;
  const traces = tracesOf(networks);
  await allSettled(nodes, async (node) => {
    await podsEnd(node, podUids, options);
    // A pod that installs configuration may have run once more before it was deleted.
    const configs = await configsOf(engine, node, signal);
    if (configs.length > 0) await runOnNode(engine, node, ['rm', '-f', ...configs], { signal });
    for (const { argv, input } of decideCleanup(traces, await readNodeState(engine, node, signal))) {
      const result = await engine.exec(node, argv, { signal, ...(input === undefined ? {} : { input }) });
      if (result.exitCode !== 0) problems.push(`${node}: ${argv.join(' ')}: ${result.stderr.trim()}`);
    }
  });
}

const sandboxesSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) })).default([]),
});
const podsEndMs = 30_000;

/** Pods with no grace period, as Calico's, are gone from the API before they have ended; till then they write files anew. */
async function podsEnd(
  node: string,
  uids: ReadonlySet<string>,
  { engine, clock, signal, problems }: NodeOptions,
): Promise<void> {
  if (uids.size === 0) return;
  const argv = ['crictl', 'pods', '--state', 'ready', '-o', 'json'];
  const look = async (): Promise<true | string> => {
    const { items } = sandboxesSchema.parse(JSON.parse(await runOnNode(engine, node, argv, { signal })));
    const left = items.find(({ metadata }) => uids.has(metadata.uid));
    return left === undefined ? true : `pod ${left.metadata.name} still runs`;
  };
  const result = await waitUntil(look, { clock, everyMs: 200, timeoutMs: podsEndMs, signal });
  if (result.kind === 'timedOut') problems.push(`${node}: ${result.lastSeen}`);
}

const configsOf = async (engine: ContainerEngine, node: string, signal: AbortSignal): Promise<readonly string[]> =>
  ((await readNodeNetwork(engine, node, signal))?.configs ?? []).map(({ file }) => `${configFolder}/${file}`);
