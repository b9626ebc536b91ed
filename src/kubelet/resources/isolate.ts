import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { CgroupFs } from './cgroup-fs.ts';

/** Moves a process into a cgroup of its own, made when it is not there. What fails is told, and nothing else. */
export function isolateProcess({
  fs,
  path,
  pid,
  journal,
}: {
  readonly fs: Pick<CgroupFs, 'make' | 'enter'>;
  readonly path: string;
  readonly pid: number;
  readonly journal: Journal;
}): void {
  try {
    fs.make(path);
    fs.enter(path, pid);
    journal.write({ kind: 'resource.isolated', path, pid });
  } catch (error) {
    journal.write({ kind: 'resource.notIsolated', path, pid, reason: messageOf(error) });
  }
}
