import type { Node } from '../../../api/types.ts';
import { decideRoutes, ipFamily, type NetworkNode, renderConflist, renderMasquerade, wantedRoutes } from './decide.ts';
import type { HostNetwork } from './host.ts';

const conflistPath = '/etc/cni/net.d/10-klab.conflist';
/** That of Docker's networks unless told otherwise. */
const mtu = 1500;

export interface ReconcileOptions {
  readonly self: string;
  readonly nodes: readonly Node[];
  /** The cluster's pod networks, one a family. */
  readonly podSubnets: readonly string[];
  readonly host: HostNetwork;
}

const toNetworkNode = (node: Node): NetworkNode => ({
  name: node.metadata?.name ?? '',
  podCidrs: node.spec?.podCIDRs ?? (node.spec?.podCIDR === undefined ? [] : [node.spec.podCIDR]),
  internalIps: (node.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
});

/**
 * What of the nodes the network hangs on, to be compared: their statuses change far more often, and a pass runs a
 * handful of programs. Its own node's readiness is part of it, as that goes when somebody removes the configuration.
 */
export function networkFacts(self: string, nodes: readonly Node[]): string {
  const own = nodes.find(({ metadata }) => metadata?.name === self);
  const ready = own?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  const known = nodes.map(toNetworkNode).sort((a, b) => a.name.localeCompare(b.name));
  return JSON.stringify([ready, known]);
}

/** Makes this node's network what the nodes say. Answers a sentence for each change made. */
export async function reconcileNetwork({
  self,
  nodes,
  podSubnets,
  host,
}: ReconcileOptions): Promise<readonly string[]> {
  const known = nodes.map(toNetworkNode);
  const own = known.find(({ name }) => name === self);
  const changes: string[] = [];

  for (const family of new Set(podSubnets.map(ipFamily))) {
    await host.enableForwarding(family);
    await host.masquerade(family, renderMasquerade(podSubnets.filter((subnet) => ipFamily(subnet) === family)));
  }
  for (const action of decideRoutes(wantedRoutes(self, known), await host.routes())) {
    await host[action.kind](action.route);
    changes.push(`${action.kind} ${action.route.destination} via ${action.route.gateway}: ${action.because}`);
  }
  // Last: it makes the node Ready, and pods may come the moment it is.
  if (
    own !== undefined &&
    own.podCidrs.length > 0 &&
    (await host.writeFile(conflistPath, renderConflist(own.podCidrs, mtu)))
  ) {
    changes.push(`wrote ${conflistPath} for ${own.podCidrs.join(', ')}`);
  }
  return changes;
}
