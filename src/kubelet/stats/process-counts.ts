import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What the processes of a cgroup hold. */
export interface ProcessCounts {
  readonly processes: number;
  readonly openFiles: number;
  readonly sockets: number;
  /** How many files its first process may have open; undefined: as many as it likes. */
  readonly maxOpenFiles: number | undefined;
}

const softLimit = /^Max open files\s+(\d+|unlimited)/m;

/** A process may end while it is looked at: then it holds nothing. */
function orNothing<T>(read: () => T, nothing: T): T {
  try {
    return read();
  } catch {
    return nothing;
  }
}

/** Counts for the processes whose IDs a `cgroup.procs` file lists. */
export function countProcesses(procs: string, proc = '/proc'): ProcessCounts {
  const ids = procs.split('\n').filter((line) => /^\d+$/.test(line));
  let [openFiles, sockets] = [0, 0];
  for (const id of ids) {
    for (const name of orNothing(() => readdirSync(join(proc, id, 'fd')), [])) {
      openFiles += 1;
      if (orNothing(() => readlinkSync(join(proc, id, 'fd', name)), '').startsWith('socket:')) sockets += 1;
    }
  }
  const limits =
    ids[0] === undefined ? '' : orNothing(() => readFileSync(join(proc, ids[0] ?? '', 'limits'), 'utf8'), '');
  const limit = softLimit.exec(limits)?.[1];
  return {
    processes: ids.length,
    openFiles,
    sockets,
    maxOpenFiles: limit === undefined || limit === 'unlimited' ? undefined : Number(limit),
  };
}
