import type { Clock } from '../../../base/clock.ts';
import type { Progress } from '../../../base/progress.ts';
import type { ContainerEngine } from '../../../engine/port.ts';
import { allSettled } from '../../all-settled.ts';
import { connectCluster } from '../../connect.ts';
import { networkName as engineNetworkName } from '../../labels.ts';
import { nodesOf } from '../../list.ts';
import type { Encapsulation } from '../calico/facts.ts';
import { checkPodSubnets, hostRanges, readClusterSettings, type UsedRange } from '../cluster-facts.ts';
import { otherNetworkInstalled } from '../errors.ts';
import { findInstalled } from '../installed.ts';
import { combineNodeFacts, type NodeFacts, readNodeFacts } from '../node-facts.ts';
import { type NetworkPlan, planNetwork } from '../plan.ts';
import { readConfig } from '../status/decide.ts';
import { readNodeNetwork } from '../status/read-node.ts';
import { type CniRequest, networkName, readWanted } from '../wanted.ts';
import { installNetwork, stepRunner } from './install.ts';

export interface ApplyCniOptions {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly cluster: string;
  readonly request: CniRequest;
  readonly encapsulation: Encapsulation | 'auto';
  readonly sha256: string | undefined;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  readonly waitMs: number;
  readonly retain: boolean;
  readonly cacheDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: () => Promise<string>;
}

export interface AppliedCni {
  readonly network: string;
  readonly source: string;
  readonly nodes: readonly string[];
  readonly objects: number;
  readonly changes: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly images: readonly string[];
  readonly diff: string;
  readonly note?: string;
}

/**
 * Installs a network on a cluster that is there. Nothing is changed until everything that can be known beforehand is
 * right. Throws the errors of cni/errors.ts, CLUSTER_NOT_FOUND and NODE_COMMAND_FAILED.
 */
export async function applyCni(options: ApplyCniOptions): Promise<AppliedCni> {
  const { engine, cluster, signal, request, encapsulation, dryRun } = options;
  const nodes = (await nodesOf(engine, cluster)).map(({ name }) => name);
  const run = stepRunner(options);
  const wanted = await run('Reading the manifest', () => readWanted(request, options));
  const api = await connectCluster(engine, cluster);
  try {
    const { plan, settings } = await run('Looking at the cluster', async () => {
      const settings = await readClusterSettings(api, signal);
      const installed = await findInstalled(api, signal);
      const other = installed.find(({ name }) => name !== networkName(wanted));
      if (other !== undefined) throw otherNetworkInstalled(other.name, cluster);
      if (installed.length === 0) await refuseForeign(options, nodes);
      checkPodSubnets(settings.podSubnets, await usedRanges(engine));
      const facts = await factsOf(engine, nodes, signal);
      return { settings, plan: planNetwork(wanted, settings, facts, encapsulation) };
    });
    if (!dryRun) await installNetwork(plan, { ...options, api, nodes, settings });
    const note = wanted.kind === 'calico' ? wanted.note : undefined;
    return { ...describePlan(plan, nodes), ...(note === undefined ? {} : { note }) };
  } finally {
    api.closeConnections();
  }
}

const describePlan = (plan: NetworkPlan, nodes: readonly string[]): AppliedCni => ({
  network: plan.network,
  source: plan.source,
  nodes,
  objects: plan.objects.length,
  changes: plan.changes,
  sysctls: plan.sysctls,
  images: plan.images.map(({ image }) => image),
  diff: plan.diff,
});

/** A network that neither klab nor Calico's manifest brought is only seen on the nodes. */
async function refuseForeign({ engine, cluster, signal }: ApplyCniOptions, nodes: readonly string[]): Promise<void> {
  for (const node of nodes) {
    const [first] = (await readNodeNetwork(engine, node, signal))?.configs ?? [];
    if (first === undefined) continue;
    const { network } = readConfig(first.file, first.text);
    throw otherNetworkInstalled(`${network || 'an unnamed one'} (${first.file} on ${node})`, cluster);
  }
}

/** The ranges that pods must not have: of the nodes' own network, and of this machine. */
export async function usedRanges(engine: ContainerEngine): Promise<readonly UsedRange[]> {
  const network = await engine.inspectNetwork(engineNetworkName);
  const ofNodes = (network?.subnets ?? []).map((cidr) => ({ cidr, where: "the nodes' own network" }));
  return [...ofNodes, ...hostRanges()];
}

/** What holds for all nodes. Throws NODE_COMMAND_FAILED. */
export async function factsOf(
  engine: ContainerEngine,
  nodes: readonly string[],
  signal: AbortSignal,
): Promise<NodeFacts> {
  const facts: NodeFacts[] = [];
  await allSettled(nodes, async (node) => void facts.push(await readNodeFacts(engine, node, signal)));
  return combineNodeFacts(facts);
}
