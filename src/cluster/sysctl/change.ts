import type { ContainerEngine } from '../../engine/port.ts';
import { allSettled } from '../all-settled.ts';
import { checkSysctls, type SysctlChange, type Sysctls } from './decide.ts';
import { sysctlNotTaken } from './errors.ts';
import { readAll, readKept, writeKept, writeValues } from './node.ts';

export interface ChangedSysctls {
  /** For each node, in the order of `nodes`, each setting, in the order of `wanted`. */
  readonly changes: readonly SysctlChange[];
  /** Sets what was there before, and keeps what was kept before. */
  readonly undo: () => Promise<void>;
}

interface Before {
  readonly values: Sysctls;
  readonly kept: Sysctls;
}

/**
 * Sets kernel settings on nodes, now and at each of their boots: on all of them or, when one does not have a setting
 * or does not take a value, on none. Throws SYSCTL_REFUSED, SYSCTL_UNKNOWN, SYSCTL_NOT_TAKEN, NODE_COMMAND_FAILED.
 */
export async function changeSysctls(
  engine: ContainerEngine,
  nodes: readonly string[],
  written: Sysctls,
  signal: AbortSignal,
): Promise<ChangedSysctls> {
  const wanted = checkSysctls(written);
  const before = await readBefore(engine, nodes, Object.keys(wanted), signal);
  const undo = () =>
    allSettled([...before], async ([node, { values, kept }]) => {
      await writeValues(engine, node, values);
      await writeKept(engine, node, kept);
    });
  try {
    await allSettled(nodes, async (node) => {
      await setOn(engine, node, wanted);
      await writeKept(engine, node, { ...before.get(node)?.kept, ...wanted });
    });
    signal.throwIfAborted();
  } catch (error) {
    await undo();
    throw error;
  }
  const changes = nodes.flatMap((node) =>
    Object.entries(wanted).map(([name, after]) => {
      return { node, name, before: before.get(node)?.values[name] ?? '', after };
    }),
  );
  return { changes, undo };
}

/**
 * Sets what a node is given at each boot once more, to see that it takes it: of what it does not, a boot only writes in
 * its log. Throws SYSCTL_REFUSED, SYSCTL_UNKNOWN, SYSCTL_NOT_TAKEN, NODE_COMMAND_FAILED.
 */
export async function proveSysctls(
  engine: ContainerEngine,
  node: string,
  written: Sysctls,
  signal: AbortSignal,
): Promise<void> {
  const wanted = checkSysctls(written);
  await readAll(engine, node, Object.keys(wanted), signal);
  await setOn(engine, node, wanted);
}

async function readBefore(
  engine: ContainerEngine,
  nodes: readonly string[],
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Before>> {
  const before = new Map<string, Before>();
  await allSettled(nodes, async (node) => {
    const values = await readAll(engine, node, names, signal);
    before.set(node, { values, kept: await readKept(engine, node) });
  });
  return before;
}

/** One at a time, so that an error names the setting. */
async function setOn(engine: ContainerEngine, node: string, wanted: Sysctls): Promise<void> {
  for (const [name, value] of Object.entries(wanted)) {
    const refusal = await writeValues(engine, node, { [name]: value });
    if (refusal !== undefined) throw sysctlNotTaken(name, value, node, refusal);
  }
}
