import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../../../base/errors.ts';
import { runCommand, tryCommand } from '../../../base/exec.ts';
import { ipFamily, type PodRoute } from './decide.ts';

/** Marks the agent's own routes, so that it never touches another's. */
const routeProtocol = '77';

/** The node's network, as far as the agent changes it. Commands reject with a KlabError that carries their output. */
export interface HostNetwork {
  routes(): Promise<readonly PodRoute[]>;
  replaceRoute(route: PodRoute): Promise<void>;
  removeRoute(route: PodRoute): Promise<void>;
  /** Applies iptables-restore input and makes POSTROUTING jump to its chain. */
  masquerade(family: 4 | 6, rules: string): Promise<void>;
  /** Replaces a file in one step; does nothing when it has this text already. Answers whether it was changed. */
  writeFile(path: string, text: string): Promise<boolean>;
  enableForwarding(family: 4 | 6): Promise<void>;
}

const familyFlag = (cidr: string): string => `-${ipFamily(cidr)}`;

async function listRoutes(family: 4 | 6): Promise<readonly PodRoute[]> {
  const { stdout, exitCode } = await tryCommand('ip', [`-${family}`, '-json', 'route', 'show', 'proto', routeProtocol]);
  if (exitCode !== 0 || stdout.trim() === '') return [];
  const rows = JSON.parse(stdout) as readonly { readonly dst: string; readonly gateway?: string }[];
  return rows.flatMap(({ dst, gateway }) => (gateway === undefined ? [] : [{ destination: dst, gateway }]));
}

export const hostNetwork: HostNetwork = {
  async routes() {
    return [...(await listRoutes(4)), ...(await listRoutes(6))];
  },
  async replaceRoute({ destination, gateway }) {
    await runCommand('ip', [
      familyFlag(destination),
      'route',
      'replace',
      destination,
      'via',
      gateway,
      'proto',
      routeProtocol,
    ]);
  },
  async removeRoute({ destination }) {
    await runCommand('ip', [familyFlag(destination), 'route', 'del', destination, 'proto', routeProtocol]);
  },
  async masquerade(family, rules) {
    const iptables = family === 6 ? 'ip6tables' : 'iptables';
    await runCommand(`${iptables}-restore`, ['--wait', '--noflush'], { input: rules });
    const jump = ['POSTROUTING', '-m', 'addrtype', '!', '--dst-type', 'LOCAL', '-j', 'KLAB-MASQUERADE'];
    const { exitCode } = await tryCommand(iptables, ['--wait', '-t', 'nat', '-C', ...jump]);
    if (exitCode !== 0) await runCommand(iptables, ['--wait', '-t', 'nat', '-A', ...jump]);
  },
  async writeFile(path, text) {
    const before = await readFile(path, 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (before === text) return false;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, text, { mode: 0o644 });
    await rename(`${path}.new`, path);
    return true;
  },
  async enableForwarding(family) {
    const path = family === 6 ? '/proc/sys/net/ipv6/conf/all/forwarding' : '/proc/sys/net/ipv4/ip_forward';
    if ((await readFile(path, 'utf8')).trim() !== '1') await writeFile(path, '1');
  },
};
