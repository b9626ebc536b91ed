import type { Pod } from '../../api/types.ts';

type Namespace = 'IPC' | 'Net' | 'User';

/** Sysctls that a pod may set without a word from the administrator, with the kernel that namespaced them. */
const safeSysctls: readonly { readonly name: string; readonly kernel: readonly [number, number] }[] = [
  { name: 'kernel.shm_rmid_forced', kernel: [0, 0] },
  { name: 'net.ipv4.ip_local_port_range', kernel: [0, 0] },
  { name: 'net.ipv4.tcp_syncookies', kernel: [0, 0] },
  { name: 'net.ipv4.ping_group_range', kernel: [0, 0] },
  { name: 'net.ipv4.ip_unprivileged_port_start', kernel: [0, 0] },
  { name: 'net.ipv4.ip_local_reserved_ports', kernel: [3, 16] },
  { name: 'net.ipv4.tcp_keepalive_time', kernel: [4, 5] },
  { name: 'net.ipv4.tcp_keepalive_intvl', kernel: [4, 5] },
  { name: 'net.ipv4.tcp_keepalive_probes', kernel: [4, 5] },
  { name: 'net.ipv4.tcp_fin_timeout', kernel: [4, 6] },
  { name: 'net.ipv4.tcp_rmem', kernel: [4, 15] },
  { name: 'net.ipv4.tcp_wmem', kernel: [4, 15] },
  { name: 'net.ipv4.tcp_slow_start_after_idle', kernel: [4, 15] },
  { name: 'net.ipv4.tcp_notsent_lowat', kernel: [4, 6] },
];

/** The sysctls every pod may set on this kernel (`6.18.0-…`). */
export function safeSysctlsOf(kernelRelease: string): readonly string[] {
  const [major = 0, minor = 0] = kernelRelease.split('.').map((part) => Number.parseInt(part, 10));
  return safeSysctls
    .filter(({ kernel: [needMajor, needMinor] }) => major > needMajor || (major === needMajor && minor >= needMinor))
    .map(({ name }) => name);
}

const namespacePrefixes: readonly (readonly [string, Namespace])[] = [
  ['kernel.shm', 'IPC'],
  ['kernel.msg', 'IPC'],
  ['kernel.sem', 'IPC'],
  ['fs.mqueue.', 'IPC'],
  ['net.', 'Net'],
  ['user.', 'User'],
];

const namespaceOf = (name: string): Namespace | undefined =>
  namespacePrefixes.find(([prefix]) => name.startsWith(prefix))?.[1];

/** With the dot as separator: when the slash comes first, the two are swapped. */
const normalize = (name: string): string => {
  const separator = /[./]/.exec(name)?.[0];
  return separator === '/' ? name.replace(/[./]/g, (c) => (c === '/' ? '.' : '/')) : name;
};

const isListed = (name: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => {
    const plain = normalize(pattern);
    return plain.endsWith('*') ? name.startsWith(plain.slice(0, -1)) : name === plain;
  });

/** Whether the pod has the node's own. */
const isShared: Readonly<Record<Namespace, (pod: Pod) => boolean>> = {
  IPC: ({ spec }) => spec?.hostIPC === true,
  Net: ({ spec }) => spec?.hostNetwork === true,
  User: ({ spec }) => spec?.hostUsers !== false,
};

/** Why the pod may not set its sysctls, in upstream's words; undefined when it may. */
export function findForbiddenSysctl(pod: Pod, allowed: readonly string[]): string | undefined {
  for (const { name } of pod.spec?.securityContext?.sysctls ?? []) {
    const normalized = normalize(name);
    if (!isListed(normalized, allowed)) return `forbidden sysctl: "${normalized}" not allowlisted`;
    const namespace = namespaceOf(normalized);
    if (namespace !== undefined && isShared[namespace](pod))
      return `forbidden sysctl: "${normalized}" not allowed with host ${namespace} enabled`;
  }
  return undefined;
}
