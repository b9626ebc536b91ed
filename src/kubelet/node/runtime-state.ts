import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { CriRuntime, StatusResponse } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import type { RuntimeState } from '../parts.ts';
import type { RuntimeHandlerFeatures } from './status.ts';

const pollMs = 5000;
/** While the node is not ready yet, so that it becomes so soon after its network has come. */
const fastPollMs = 500;
const downAfterMs = 30_000;

export interface RuntimeStateOptions {
  readonly runtime: Pick<CriRuntime, 'status'>;
  readonly clock: Clock;
  readonly journal: Journal;
  /** PLEG's own problem. */
  readonly plegProblem: () => string | undefined;
  /** Something that decides over the node's readiness has changed. */
  readonly onChange: () => void;
}

export interface RunningRuntimeState extends RuntimeState {
  readonly handlers: () => readonly RuntimeHandlerFeatures[];
  readonly supplementalGroupsPolicy: () => boolean;
  run(signal: AbortSignal): Promise<void>;
}

/** Asks the runtime how it is, and tells what of that keeps pods from running. */
export function runtimeState({
  runtime,
  clock,
  journal,
  plegProblem,
  onChange,
}: RuntimeStateOptions): RunningRuntimeState {
  const startedAt = clock.now();
  let lastAnswer: Instant | undefined;
  let notReady: string | undefined;
  let network: string | undefined = 'network state unknown';
  let status: StatusResponse | undefined;

  const runtimeErrors = (): readonly string[] => {
    const pleg = plegProblem();
    return [
      ...(lastAnswer === undefined
        ? [
            clock.now() - startedAt > downAfterMs
              ? 'container runtime is down'
              : 'container runtime status check may not have completed yet',
          ]
        : clock.now() - lastAnswer > downAfterMs
          ? ['container runtime is down']
          : []),
      ...(notReady === undefined ? [] : [notReady]),
      ...(pleg === undefined ? [] : [`PLEG is not healthy: ${pleg}`]),
    ];
  };

  async function poll(): Promise<void> {
    try {
      const answer = await runtime.status(false);
      const condition = (type: string) => answer.status?.conditions.find((c) => c.type === type);
      const describe = (type: string): string | undefined => {
        const found = condition(type);
        if (found?.status === true) return undefined;
        return `${type}=false reason:${found?.reason ?? ''} message:${found?.message ?? ''}`;
      };
      const runtimeProblem = describe('RuntimeReady');
      const networkProblem = describe('NetworkReady');
      notReady = runtimeProblem === undefined ? undefined : `container runtime not ready: ${runtimeProblem}`;
      const networkBefore = network;
      network = networkProblem === undefined ? undefined : `container runtime network not ready: ${networkProblem}`;
      status = answer;
      lastAnswer = clock.now();
      if (networkProblem !== undefined && network !== networkBefore)
        journal.write({ kind: 'node.networkNotReady', problem: networkProblem });
    } catch (error) {
      journal.write({ kind: 'node.runtimeSilent', reason: messageOf(error) });
    }
  }

  return {
    runtimeErrors,
    networkError: () => network,
    handlers: () =>
      (status?.runtimeHandlers ?? []).map(({ name, features }) => ({
        name,
        recursiveReadOnlyMounts: features?.recursiveReadOnlyMounts ?? false,
        userNamespaces: features?.userNamespaces ?? false,
      })),
    supplementalGroupsPolicy: () => status?.features?.supplementalGroupsPolicy ?? false,
    async run(signal) {
      let before = '';
      while (!signal.aborted) {
        await poll();
        const now = JSON.stringify([runtimeErrors(), network]);
        if (now !== before) onChange();
        before = now;
        const troubled = network !== undefined || runtimeErrors().length > 0;
        await clock.sleep(troubled ? fastPollMs : pollMs, signal).catch(() => undefined);
      }
    },
  };
}
