import type { ContainerEngine } from '../../engine/port.ts';
import { runOnNode } from '../node-command.ts';
import type { KernelTunnels } from './calico/facts.ts';

/** What a node tells of its network. */
export interface NodeFacts {
  /** Of the interface that its default route takes, in bytes. */
  readonly mtu: number;
  readonly tunnels: KernelTunnels;
}

/**
 * Makes each kind of tunnel in a network of its own, which is gone with the shell: the only sure way to know what the
 * kernel can do, as modules may be built in, loaded on demand, or not allowed.
 */
const script = `dev=$(ip route show default | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1)
echo "mtu $(cat "/sys/class/net/\${dev:-eth0}/mtu")"
unshare --net ip link add klab-probe type ipip local 192.0.2.1 remote 192.0.2.2 2>/dev/null && echo tunnel ipip
unshare --net ip link add klab-probe type vxlan id 1 local 192.0.2.1 dstport 4789 2>/dev/null && echo tunnel vxlan
true`;

/** Throws NODE_COMMAND_FAILED. */
export async function readNodeFacts(engine: ContainerEngine, node: string, signal: AbortSignal): Promise<NodeFacts> {
  return parseNodeFacts(await runOnNode(engine, node, ['sh', '-c', script], { signal, timeoutMs: 20_000 }));
}

/** Of what the script prints; an MTU that it does not tell is Ethernet's. */
export function parseNodeFacts(output: string): NodeFacts {
  const lines = output.split('\n').map((line) => line.trim());
  const mtu = Number(lines.find((line) => line.startsWith('mtu '))?.slice(4));
  return {
    mtu: Number.isInteger(mtu) && mtu > 0 ? mtu : 1500,
    tunnels: { ipip: lines.includes('tunnel ipip'), vxlan: lines.includes('tunnel vxlan') },
  };
}

/** What holds for all nodes: the smallest MTU, and the tunnels that each can make. */
export function combineNodeFacts(all: readonly NodeFacts[]): NodeFacts {
  return {
    mtu: Math.min(...all.map(({ mtu }) => mtu)),
    tunnels: { ipip: all.every(({ tunnels }) => tunnels.ipip), vxlan: all.every(({ tunnels }) => tunnels.vxlan) },
  };
}
