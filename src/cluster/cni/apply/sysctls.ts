import type { Sysctls } from '../../sysctl/index.ts';
import { isIpv6 } from '../calico/facts.ts';

/** What Calico needs of a node: it forwards, and takes packets whose way back is another. */
export const calicoSysctls = (podSubnets: readonly string[]): Sysctls => ({
  'net.ipv4.ip_forward': '1',
  'net.ipv4.conf.all.rp_filter': '0',
  ...(podSubnets.some(isIpv6) ? { 'net.ipv6.conf.all.forwarding': '1' } : {}),
});
