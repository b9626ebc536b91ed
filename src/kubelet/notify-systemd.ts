import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Tells systemd one thing of this process (`READY=1`, `WATCHDOG=1`). Node has no datagram sockets of the unix kind, so
 * systemd's own program sends the word. Rejects when systemd has not asked for it (NOTIFY_SOCKET), or cannot be told.
 * https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 */
export async function notifySystemd(word: string, environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (environment.NOTIFY_SOCKET === undefined) throw new Error('nobody listens: NOTIFY_SOCKET is not set');
  await run('systemd-notify', [`--pid=${process.pid}`, word]);
}
