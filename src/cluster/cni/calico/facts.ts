import { encapsulationImpossible } from '../errors.ts';

/** How packets between pods of different nodes are wrapped; `none`: plain routes that BGP hands around. */
export type Encapsulation = 'ipip' | 'vxlan' | 'none';

/** What a Calico manifest is fitted to. */
export interface CalicoFacts {
  /** One CIDR, or two of different families. */
  readonly podSubnets: readonly string[];
  /** MTU of the nodes' own interfaces, in bytes. */
  readonly nodeMtu: number;
  readonly encapsulation: Encapsulation;
}

/** Which kinds of tunnel the kernel can make. */
export interface KernelTunnels {
  readonly ipip: boolean;
  readonly vxlan: boolean;
}

/** Bytes that a tunnel's headers take from each packet; IPv6's outer header is 20 longer than IPv4's. */
const overhead: Readonly<Record<Encapsulation, { readonly ipv4: number; readonly ipv6: number }>> = {
  ipip: { ipv4: 20, ipv6: 20 },
  vxlan: { ipv4: 50, ipv6: 70 },
  none: { ipv4: 0, ipv6: 0 },
};

/** The MTU of pods' interfaces, so that what they send still fits when it is wrapped. */
export function podMtu({ nodeMtu, encapsulation, podSubnets }: CalicoFacts): number {
  const { ipv4, ipv6 } = overhead[encapsulation];
  return nodeMtu - (podSubnets.some(isIpv6) ? ipv6 : ipv4);
}

export const isIpv6 = (cidr: string): boolean => cidr.includes(':');

export interface ChosenEncapsulation {
  readonly encapsulation: Encapsulation;
  readonly because: string;
}

/**
 * What is asked for, or with `auto` what the manifest has where the kernel can do it, else what it can. Throws
 * NO_ENCAPSULATION when what is asked for is impossible.
 */
export function chooseEncapsulation(
  asked: Encapsulation | 'auto',
  written: Encapsulation,
  kernel: KernelTunnels,
  hasIpv6: boolean,
): ChosenEncapsulation {
  const possible = (kind: Encapsulation): boolean => kind === 'none' || kernel[kind];
  if (asked !== 'auto') {
    if (asked !== 'none' && !possible(asked)) {
      const others = (['vxlan', 'none'] as const).filter((other) => other !== asked && possible(other));
      throw encapsulationImpossible(asked === 'ipip' ? 'IPIP' : 'VXLAN', asked, others);
    }
    return { encapsulation: asked, because: 'it was asked for' };
  }
  // There is no IPIP for IPv6: one tunnel for both families is easier to understand than two.
  if (hasIpv6 && kernel.vxlan)
    return { encapsulation: 'vxlan', because: 'the cluster has IPv6, which IPIP cannot carry' };
  if (possible(written)) return { encapsulation: written, because: 'the manifest has it and the kernel can do it' };
  if (kernel.vxlan) return { encapsulation: 'vxlan', because: `the kernel has no ${written}` };
  if (kernel.ipip && !hasIpv6) return { encapsulation: 'ipip', because: `the kernel has no ${written}` };
  return { encapsulation: 'none', because: 'the kernel has no tunnels; the nodes share one network, so routes do' };
}
