import { execFile } from 'node:child_process';

/**
 * Tells systemd that the kubelet is ready, when systemd has asked for it (NOTIFY_SOCKET). Node has no datagram
 * sockets of the unix kind, so systemd's own program sends the word.
 */
export function notifyReady(environment: NodeJS.ProcessEnv = process.env): void {
  if (environment.NOTIFY_SOCKET === undefined) return;
  execFile('systemd-notify', ['--ready', `--pid=${process.pid}`], () => undefined);
}
