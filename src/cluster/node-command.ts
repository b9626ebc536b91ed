import type { ContainerEngine, ExecOptions } from '../engine/port.ts';
import { commandFailed } from './errors.ts';

/** Runs a command on a node and answers what it printed; throws NODE_COMMAND_FAILED with its output when it fails. */
export async function runOnNode(
  engine: ContainerEngine,
  node: string,
  argv: readonly string[],
  options: ExecOptions = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await engine.exec(node, argv, options);
  if (exitCode !== 0) throw commandFailed(node, argv.join(' '), `${stdout}${stderr}`.trim());
  return stdout;
}

/** What systemd says of a unit that it starts over and over. */
const systemdChatter = /^(kubelet\.service: |(Starting|Started|Stopping|Stopped) kubelet)/;

/** The last lines, without what the kubelet did not say itself; those of systemd when there are no others. */
export function chooseLogLines(log: string, count: number): string {
  const lines = log.trim().split('\n');
  const own = lines.filter((line) => !systemdChatter.test(line));
  return (own.length > 0 ? own : lines).slice(-count).join('\n');
}

/** The last lines of the kubelet's journal, for error messages. Never throws. */
export async function kubeletLogTail(engine: ContainerEngine, node: string, lines = 12): Promise<string> {
  try {
    const argv = ['journalctl', '--no-pager', '-o', 'cat', '-u', 'kubelet', '-n', String(lines * 5)];
    const { stdout, stderr } = await engine.exec(node, argv, { timeoutMs: 5000 });
    return chooseLogLines(`${stdout}${stderr}`, lines);
  } catch {
    return '(its journal cannot be read)';
  }
}
