/** A process that the kernel has killed. */
export interface OomKill {
  readonly process: string;
  readonly pid: number;
}

/** What was read so far of one report of the kernel's: it takes several lines. */
export type OomReport = { readonly kind: 'none' } | { readonly kind: 'open'; readonly ofCgroup: boolean };

export const noReport: OomReport = { kind: 'none' };

/** The text of one record of /dev/kmsg: `6,1234,5678,-;text`, then lines with its properties. */
export function parseRecord(record: string): string {
  const [first = ''] = record.split('\n');
  return first.slice(first.indexOf(';') + 1);
}

/**
 * Reads the next line of the kernel's log. A report ends with the process that was killed; it is one of the node when
 * no cgroup's limit was the reason: those are their pods' affair.
 */
export function readLine(
  before: OomReport,
  line: string,
): { readonly report: OomReport; readonly killed: OomKill | undefined } {
  if (line.includes('invoked oom-killer:')) return { report: { kind: 'open', ofCgroup: false }, killed: undefined };
  if (before.kind === 'none') return { report: before, killed: undefined };
  if (/oom-kill:constraint=.*,oom_memcg=|Task in .* killed as a result of limit of/.test(line)) {
    return { report: { kind: 'open', ofCgroup: true }, killed: undefined };
  }
  const killed = /Killed process (\d+),? \((.+?)\)/.exec(line);
  if (killed === null) return { report: before, killed: undefined };
  const ofNode = !before.ofCgroup && !line.startsWith('Memory cgroup');
  return { report: noReport, killed: ofNode ? { process: killed[2] ?? '', pid: Number(killed[1]) } : undefined };
}
