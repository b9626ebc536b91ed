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

/** The last lines of the kubelet's journal, for error messages. Never throws. */
export async function kubeletLogTail(engine: ContainerEngine, node: string, lines = 12): Promise<string> {
  try {
    const argv = ['journalctl', '--no-pager', '-o', 'cat', '-u', 'kubelet', '-n', String(lines)];
    const { stdout, stderr } = await engine.exec(node, argv, { timeoutMs: 5000 });
    return `${stdout}${stderr}`.trim();
  } catch {
    return '(its journal cannot be read)';
  }
}
