import type { ContainerEngine } from '../../../engine/port.ts';
import { allSettled } from '../../all-settled.ts';
import { runOnNode } from '../../node-command.ts';
import { isIpv6 } from '../calico/facts.ts';

export type Sysctls = Readonly<Record<string, string>>;

/** What Calico needs of a node: it forwards, and takes packets whose way back is another. */
export const calicoSysctls = (podSubnets: readonly string[]): Sysctls => ({
  'net.ipv4.ip_forward': '1',
  'net.ipv4.conf.all.rp_filter': '0',
  ...(podSubnets.some(isIpv6) ? { 'net.ipv6.conf.all.forwarding': '1' } : {}),
});

/** Sets them on the nodes; answers how to set what was there before. Throws NODE_COMMAND_FAILED. */
export async function setSysctls(
  engine: ContainerEngine,
  nodes: readonly string[],
  wanted: Sysctls,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const before = new Map<string, Sysctls>();
  await allSettled(nodes, async (node) => {
    const names = Object.keys(wanted);
    const values = (await runOnNode(engine, node, ['sysctl', '-n', ...names], { signal })).trim().split('\n');
    before.set(node, Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])));
    await write(engine, node, wanted);
  });
  return () => allSettled([...before], ([node, values]) => write(engine, node, values));
}

const write = async (engine: ContainerEngine, node: string, values: Sysctls): Promise<void> => {
  const pairs = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  if (pairs.length > 0) await runOnNode(engine, node, ['sysctl', '-w', ...pairs]);
};
