import { fieldPath, type Problem } from '../problem.ts';

/** Kernel settings by name, with dots or slashes between the parts as sysctl takes them. */
export function validateSysctls(sysctls: Readonly<Record<string, string>>, path: string): readonly Problem[] {
  return Object.entries(sysctls).flatMap(([name, value]) => {
    const message = explainSysctl(name, value);
    return message === undefined ? [] : [{ path: fieldPath(path, name), message }];
  });
}

/** Settings that every network or IPC namespace, so every node, has for itself: namespaces(7), sysctl in kernel docs. */
const ofANode = [
  /^net\./,
  /^kernel\.(shm(max|all|mni|_rmid_forced|_next_id)|msg(max|mnb|mni|_next_id)|sem|sem_next_id)$/,
  /^fs\.mqueue\./,
];

/**
 * Why a setting cannot be made on a node, or undefined when it can. Whether the kernel has it is not known here.
 * Wildcards are for the configuration, where systemd reads them.
 */
export function explainSysctl(name: string, value: string): string | undefined {
  if (!/^[a-z][\w-]*([./][\w*:@-]+)+$/i.test(name)) return 'is not a kernel setting: write it like net.ipv4.ip_forward';
  if (!ofANode.some((own) => own.test(name.replaceAll('/', '.')))) {
    return "is the whole machine's, not a node's own: it would change the host and every cluster on it; set it there, with sysctl -w";
  }
  if (value.trim() === '' || value.includes('\n')) {
    return `${JSON.stringify(value)} is not a value: write it on one line, like "1" or "4096 87380 6291456"`;
  }
  return undefined;
}
