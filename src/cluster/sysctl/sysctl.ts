import type { ContainerEngine } from '../../engine/port.ts';
import { allSettled } from '../all-settled.ts';
import { nodeNotFound } from '../errors.ts';
import { nodesOf } from '../list.ts';
import { changeSysctls } from './change.ts';
import { parseAssignments, type SysctlChange, spellSysctl } from './decide.ts';
import { nodeNotRunning } from './errors.ts';
import { readAll, readKept } from './node.ts';

export interface SysctlTarget {
  readonly cluster: string;
  /** Names of nodes; empty: all of the cluster's. */
  readonly nodes: readonly string[];
}

/** A setting of a node as it is now. */
export interface SysctlValue {
  readonly node: string;
  readonly name: string;
  readonly value: string;
  /** What `set` made of it, and each boot makes again; undefined when it is the kernel's or the configuration's. */
  readonly kept?: string;
}

/** `assignments`: NAME=VALUE each. As `changeSysctls`, and throws CLUSTER_NOT_FOUND, NODE_NOT_FOUND. */
export async function setSysctls(
  engine: ContainerEngine,
  target: SysctlTarget,
  assignments: readonly string[],
  signal: AbortSignal,
): Promise<readonly SysctlChange[]> {
  const wanted = parseAssignments(assignments);
  const nodes = await chooseNodes(engine, target);
  return (await changeSysctls(engine, nodes, wanted, signal)).changes;
}

/** The named settings of each node; without names, those that `set` made. Throws SYSCTL_UNKNOWN. */
export async function getSysctls(
  engine: ContainerEngine,
  target: SysctlTarget,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly SysctlValue[]> {
  const nodes = await chooseNodes(engine, target);
  const seen = new Map<string, readonly SysctlValue[]>();
  await allSettled(nodes, async (node) => {
    const kept = await readKept(engine, node);
    const asked = names.length === 0 ? Object.keys(kept) : names.map(spellSysctl);
    const values = await readAll(engine, node, asked, signal);
    seen.set(
      node,
      asked.map((name) => {
        const own = kept[name];
        return { node, name, value: values[name] ?? '', ...(own === undefined ? {} : { kept: own }) };
      }),
    );
  });
  return nodes.flatMap((node) => seen.get(node) ?? []);
}

/** The names of those that are asked for, all of which run. */
async function chooseNodes(engine: ContainerEngine, { cluster, nodes }: SysctlTarget): Promise<readonly string[]> {
  const all = await nodesOf(engine, cluster);
  const names = all.map(({ name }) => name);
  const stranger = nodes.find((node) => !names.includes(node));
  if (stranger !== undefined) throw nodeNotFound(stranger, names);
  const chosen = nodes.length === 0 ? all : all.filter(({ name }) => nodes.includes(name));
  const stopped = chosen.find(({ state }) => state !== 'running');
  if (stopped !== undefined) throw nodeNotRunning(stopped.name, stopped.state);
  return chosen.map(({ name }) => name);
}
