/** What the agent knows of a node, from the Node object. */
export interface NetworkNode {
  readonly name: string;
  readonly podCidrs: readonly string[];
  readonly internalIps: readonly string[];
}

/** A route of this node that the agent made: to another node's pods. */
export interface PodRoute {
  readonly destination: string;
  readonly gateway: string;
}

export type RouteAction =
  | { readonly kind: 'replaceRoute'; readonly route: PodRoute; readonly because: string }
  | { readonly kind: 'removeRoute'; readonly route: PodRoute; readonly because: string };

export const ipFamily = (addressOrCidr: string): 4 | 6 => (addressOrCidr.includes(':') ? 6 : 4);

/** Routes to every other node's pods, by way of its address of the same family. */
export const wantedRoutes = (self: string, nodes: readonly NetworkNode[]): readonly PodRoute[] =>
  nodes
    .filter(({ name }) => name !== self)
    .flatMap(({ podCidrs, internalIps }) =>
      podCidrs.flatMap((destination) => {
        const gateway = internalIps.find((ip) => ipFamily(ip) === ipFamily(destination));
        return gateway === undefined ? [] : [{ destination, gateway }];
      }),
    );

/** From the routes there are (of the agent's own) to the routes wanted. */
export function decideRoutes(wanted: readonly PodRoute[], current: readonly PodRoute[]): readonly RouteAction[] {
  const has = (routes: readonly PodRoute[], { destination, gateway }: PodRoute) =>
    routes.some((r) => r.destination === destination && r.gateway === gateway);
  const stays = (destination: string) => wanted.some((r) => r.destination === destination);
  return [
    ...current
      .filter(({ destination }) => !stays(destination))
      .map((route) => ({ kind: 'removeRoute' as const, route, because: 'its node is gone' })),
    ...wanted
      .filter((route) => !has(current, route))
      .map((route) => ({ kind: 'replaceRoute' as const, route, because: 'a node has these pods at this address' })),
  ];
}

/**
 * The CNI configuration of this node: one veth pair a pod, routed, addresses from the node's own range, host ports.
 * Addresses are kept under /run, so that a restarted node starts with all of them free.
 * https://www.cni.dev/docs/spec/
 */
export function renderConflist(podCidrs: readonly string[], mtu: number): string {
  const anywhere = podCidrs.map((cidr) => ({ dst: ipFamily(cidr) === 6 ? '::/0' : '0.0.0.0/0' }));
  const conflist = {
    cniVersion: '1.0.0',
    name: 'klab',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        mtu,
        ipam: {
          type: 'host-local',
          dataDir: '/run/cni-ipam-state',
          routes: anywhere,
          ranges: podCidrs.map((subnet) => [{ subnet }]),
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  return `${JSON.stringify(conflist, null, 2)}\n`;
}

/**
 * iptables-restore input (for --noflush): what leaves the pods' network is masqueraded, what stays in it is not, so
 * that pods see one another's addresses.
 */
export function renderMasquerade(podSubnets: readonly string[]): string {
  return [
    '*nat',
    ':KLAB-MASQUERADE - [0:0]',
    ...podSubnets.map((subnet) => `-A KLAB-MASQUERADE -d ${subnet} -j RETURN`),
    ...podSubnets.map((subnet) => `-A KLAB-MASQUERADE -s ${subnet} -j MASQUERADE`),
    'COMMIT',
    '',
  ].join('\n');
}
