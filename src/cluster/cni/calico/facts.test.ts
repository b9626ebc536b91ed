import { describe, expect, test } from 'vitest';
import { chooseEncapsulation, type Encapsulation, type KernelTunnels } from './facts.ts';

const both: KernelTunnels = { ipip: true, vxlan: true };
const onlyVxlan: KernelTunnels = { ipip: false, vxlan: true };
const onlyIpip: KernelTunnels = { ipip: true, vxlan: false };
const neither: KernelTunnels = { ipip: false, vxlan: false };

describe('chooseEncapsulation', () => {
  test.each<[string, Encapsulation | 'auto', Encapsulation, KernelTunnels, boolean, Encapsulation]>([
    ["the manifest's own", 'auto', 'ipip', both, false, 'ipip'],
    ["the manifest's own, VXLAN", 'auto', 'vxlan', both, false, 'vxlan'],
    ['VXLAN where there is no IPIP', 'auto', 'ipip', onlyVxlan, false, 'vxlan'],
    ['IPIP where there is no VXLAN', 'auto', 'vxlan', onlyIpip, false, 'ipip'],
    ['plain routes where there is no tunnel', 'auto', 'ipip', neither, false, 'none'],
    ['VXLAN for IPv6', 'auto', 'ipip', both, true, 'vxlan'],
    ['what is asked for', 'vxlan', 'ipip', both, false, 'vxlan'],
    ['no tunnel when that is asked for', 'none', 'ipip', neither, false, 'none'],
  ])('%s', (_name, asked, written, kernel, ipv6, chosen) => {
    expect(chooseEncapsulation(asked, written, kernel, ipv6).encapsulation).toBe(chosen);
  });

  test('IPIP that the kernel does not have, when it is asked for', () => {
    expect(() => chooseEncapsulation('ipip', 'ipip', onlyVxlan, false)).toThrow(
      expect.objectContaining({
        code: 'NO_ENCAPSULATION',
        message: "this machine's kernel has no IPIP (module ipip), so it cannot be used",
        hint: 'load it on this machine (`modprobe ipip`), or use --encapsulation vxlan or none',
      }),
    );
  });
});
