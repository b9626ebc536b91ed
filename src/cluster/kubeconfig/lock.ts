import { rmSync } from 'node:fs';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import { waitUntil } from '../../base/wait-until.ts';
import { kubeconfigLocked, kubeconfigNotWritable } from './errors.ts';

export interface LockOptions {
  readonly clock: Clock;
  /** How long to wait for another program to let go. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

const RETRY_EVERY_MS = 25;

/**
 * Runs `task` while holding FILE.lock, the lock that kubectl and kind take too: whoever creates the file has it, and
 * removing it lets go. Unlike theirs, ours holds a line that says whose it is. Waits for others; when they do not let
 * go in time, throws KUBECONFIG_LOCKED. It never breaks a lock: two who did so at once would both think they hold it.
 */
export async function withLock<T>(path: string, task: () => Promise<T>, options: LockOptions): Promise<T> {
  const lockPath = `${path}.lock`;
  const wait = { ...options, everyMs: RETRY_EVERY_MS };
  const taken = await waitUntil(async () => (await tryToLock(lockPath)) || 'it is held', wait);
  if (taken.kind === 'timedOut') throw kubeconfigLocked(lockPath, options.timeoutMs, await describeOwner(lockPath));
  // Whoever asks klab twice to stop makes it exit in the middle of this.
  const letGo = () => rmSync(lockPath, { force: true });
  process.once('exit', letGo);
  try {
    return await task();
  } finally {
    process.off('exit', letGo);
    await rm(lockPath, { force: true });
  }
}

async function tryToLock(lockPath: string): Promise<boolean> {
  try {
    const file = await open(lockPath, 'wx', 0o600);
    await file.writeFile(`klab ${process.pid} ${hostname()}\n`);
    await file.close();
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw kubeconfigNotWritable(lockPath, error);
  }
}

/** Who holds the lock and since when, as far as the file tells. */
async function describeOwner(lockPath: string): Promise<string | undefined> {
  try {
    const since = (await stat(lockPath)).mtime.toISOString();
    const match = /^klab (\d+) (.+)$/m.exec(await readFile(lockPath, 'utf8'));
    if (match === null) return `made ${since}`;
    const [, pid, host] = match;
    const gone = host === hostname() && !isRunning(Number(pid)) ? ', which no longer runs' : '';
    return `made ${since} by klab's process ${pid} on ${host}${gone}`;
  } catch {
    return undefined; // It was let go of just now; the next try will do.
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
