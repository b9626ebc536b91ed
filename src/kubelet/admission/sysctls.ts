import type { Pod } from '../../api/types.ts';

type Namespace = 'ipc' | 'net';

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
];

/** The sysctls every pod may set on this kernel (`6.18.0-…`). */
export function safeSysctlsOf(kernelRelease: string): readonly string[] {
  const [major = 0, minor = 0] = kernelRelease.split('.').map((part) => Number.parseInt(part, 10));
  return safeSysctls
    .filter(({ kernel: [needMajor, needMinor] }) => major > needMajor || (major === needMajor && minor >= needMinor))
    .map(({ name }) => name);
}

const namespacePrefixes: readonly (readonly [string, Namespace])[] = [
  ['kernel.shm', 'ipc'],
  ['kernel.msg', 'ipc'],
  ['kernel.sem', 'ipc'],
  ['fs.mqueue.', 'ipc'],
  ['net.', 'net'],
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

/** Why the pod may not set its sysctls, in upstream's words; undefined when it may. */
export function findForbiddenSysctl(pod: Pod, allowed: readonly string[]): string | undefined {
  for (const { name } of pod.spec?.securityContext?.sysctls ?? []) {
    const normalized = normalize(name);
    if (!isListed(normalized, allowed)) return `forbidden sysctl: "${normalized}" not allowlisted`;
    const namespace = namespaceOf(normalized);
    const shared = namespace === 'ipc' ? pod.spec?.hostIPC : namespace === 'net' ? pod.spec?.hostNetwork : false;
    if (shared) return `forbidden sysctl: "${normalized}" not allowed with host ${namespace} enabled`;
  }
  return undefined;
}
