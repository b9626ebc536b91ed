import { explainSysctl } from '../../config/rules/sysctls.ts';
import { sysctlRefused } from './errors.ts';

export type Sysctls = Readonly<Record<string, string>>;

/** One setting of one node: what it was, and what it is now. */
export interface SysctlChange {
  readonly node: string;
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/** One spelling for each setting: dots between the parts, but slashes where a part has a dot itself (eth0.100). */
export const spellSysctl = (name: string): string => {
  if (!name.includes('/')) return name;
  return name.split('/').some((part) => part.includes('.')) ? name : name.replaceAll('/', '.');
};

/** Values as the kernel shows them: one space where a file has tabs. */
export const spellValue = (value: string): string => value.trim().replace(/\s+/g, ' ');

/** `NAME=VALUE` each, checked. Throws SYSCTL_REFUSED for the first that is not one. */
export function parseAssignments(texts: readonly string[]): Sysctls {
  const pairs = texts.map((text): [string, string] => {
    const at = text.indexOf('=');
    if (at < 1) throw sysctlRefused(JSON.stringify(text), 'is not NAME=VALUE, like net.ipv4.conf.all.rp_filter=0');
    return [text.slice(0, at).trim(), text.slice(at + 1)];
  });
  return checkSysctls(Object.fromEntries(pairs));
}

/** In their one spelling. Throws SYSCTL_REFUSED for the first that a node may not have for itself. */
export function checkSysctls(written: Sysctls): Sysctls {
  const pairs = Object.entries(written).map(([name, value]): [string, string] => {
    const why = name.includes('*') ? 'names many settings: write one at a time' : explainSysctl(name, value);
    if (why !== undefined) throw sysctlRefused(name, why);
    return [spellSysctl(name), spellValue(value)];
  });
  return Object.fromEntries(pairs);
}

/** Where the kernel shows a setting. */
export const pathOf = (name: string): string => `/proc/sys/${name.includes('/') ? name : name.replaceAll('.', '/')}`;

/** The settings of a sysctl.d file; what is no assignment is left out. */
export function parseKept(text: string): Sysctls {
  const pairs = text.split('\n').flatMap((line): [string, string][] => {
    const match = /^\s*-?([^#;=\s][^=]*?)\s*=\s*(.*)$/.exec(line);
    return match === null ? [] : [[spellSysctl(match[1] ?? ''), spellValue(match[2] ?? '')]];
  });
  return Object.fromEntries(pairs);
}

/** A sysctl.d file, which systemd applies at each boot: sysctl.d(5). */
export const renderKept = (kept: Sysctls): string =>
  ['# Written by `klab sysctl set`.', ...Object.entries(kept).map(([name, value]) => `${name} = ${value}`), ''].join(
    '\n',
  );
