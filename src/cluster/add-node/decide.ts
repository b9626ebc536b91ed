import type { NodeConfig } from '../../config/model.ts';
import type { Sysctls } from '../sysctl/index.ts';

/** The lowest free names, as `create` gives them: NAME-worker, NAME-worker2… */
export function nextWorkerNames(cluster: string, taken: readonly string[], count: number): readonly string[] {
  const names: string[] = [];
  for (let n = 1; names.length < count; n += 1) {
    const name = `${cluster}-worker${n === 1 ? '' : n}`;
    if (!taken.includes(name)) names.push(name);
  }
  return names;
}

/** What every node has in the same way is the cluster's; the rest is some node's own. */
export function commonSysctls(nodes: readonly Sysctls[]): Sysctls {
  const [first = {}, ...others] = nodes;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((each) => each[name] === value)),
  );
}

/** Settings as a node's environment has them: NAME=VALUE, a line each. */
export function parseSysctlLines(text: string): Sysctls {
  const pairs = text.split('\n').flatMap((line): [string, string][] => {
    const at = line.indexOf('=');
    return at <= 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
  });
  return Object.fromEntries(pairs);
}

/** A node with nothing of its own. */
export const plainNode = (name: string, role: NodeConfig['role'], image: string): NodeConfig => ({
  name,
  role,
  image,
  labels: {},
  extraMounts: [],
  extraPortMappings: [],
  kubeadmConfigPatches: [],
  kubeadmConfigPatchesJSON6902: [],
  sysctls: {},
  resources: { cpus: undefined, memoryBytes: undefined },
  kubelet: 'klab',
});

/** `ipv4`, `ipv6` or `dual`, by the pods' subnet (two joined by a comma for dual stack). */
export function familyOf(podSubnet: string): 'ipv4' | 'ipv6' | 'dual' {
  const [first = '', second] = podSubnet.split(',');
  if (second !== undefined) return 'dual';
  return first.includes(':') ? 'ipv6' : 'ipv4';
}
