import { fieldPath, type Problem } from '../problem.ts';

/** Kernel settings by name, with dots or slashes between the parts as sysctl takes them. */
export function validateSysctls(sysctls: Readonly<Record<string, string>>, path: string): readonly Problem[] {
  return Object.entries(sysctls).flatMap(([name, value]) => {
    const message = explainSysctl(name, value);
    return message === undefined ? [] : [{ path: fieldPath(path, name), message }];
  });
}

function explainSysctl(name: string, value: string): string | undefined {
  if (!/^[a-z][\w-]*([./][\w*:@-]+)+$/i.test(name)) return 'is not a kernel setting: write it like net.ipv4.ip_forward';
  if (value.trim() === '' || value.includes('\n')) {
    return `${JSON.stringify(value)} is not a value: write it on one line, like "1" or "4096 87380 6291456"`;
  }
  return undefined;
}
