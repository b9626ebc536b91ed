import { codeOf, messageOf } from '../../base/errors.ts';
import { waitUntil } from '../../base/wait-until.ts';
import type { ContainerEngine } from '../../engine/port.ts';
import { nodeDidNotBoot } from '../errors.ts';
import type { CreateContext } from './plan-types.ts';

/** How long a machine may take to boot its services, however little its owner is willing to wait for the cluster. */
const bootTimeoutMs = 60_000;

/** Starts the kubelet as soon as the machine's systemd takes orders; throws NODE_DID_NOT_BOOT. */
export async function startKubelet({ engine, clock, signal }: CreateContext, node: string): Promise<void> {
  // Not waited for: a kubelet that fails is better explained by what it then does not do, with its own log.
  const argv = ['systemctl', '--no-block', 'start', 'containerd', 'kubelet'];
  const start = async (): Promise<true | string> => {
    try {
      const { exitCode, stderr, stdout } = await engine.exec(node, argv, { signal });
      return exitCode === 0 || `${stdout}${stderr}`.trim();
    } catch (error) {
      signal.throwIfAborted();
      if (codeOf(error) !== 'CONTAINER_NOT_RUNNING') throw error;
      const container = await engine.inspectContainer(node);
      // Its first process may fail once for the lack of something that is there at the second try.
      if (container?.state === 'restarting' || container?.state === 'running') return messageOf(error);
      throw nodeDidNotBoot(node, `it exited with ${container?.exitCode}`, await lastOfConsole(engine, node));
    }
  };
  const booted = await waitUntil(start, { clock, everyMs: 50, timeoutMs: bootTimeoutMs, signal });
  if (booted.kind === 'timedOut') throw nodeDidNotBoot(node, booted.lastSeen, await lastOfConsole(engine, node));
}

const lastOfConsole = async (engine: ContainerEngine, node: string): Promise<string> =>
  (await engine.containerLogs(node).catch(messageOf)).trim().split('\n').slice(-20).join('\n');
