import type { Instant } from '../../base/clock.ts';
import type { ObservedContainer } from '../observed.ts';
import type { ProbeKind } from '../parts.ts';

/** What one attempt at a probe found. `warning` counts as success but is told; `error`: the probe itself did not work. */
export type ProbeOutcome =
  | { readonly kind: 'success' }
  | { readonly kind: 'warning'; readonly output: string }
  | { readonly kind: 'failure'; readonly output: string }
  /** `state`: what it looked like before it broke off; absent: nothing is known. */
  | { readonly kind: 'error'; readonly message: string; readonly state?: 'failure' };

export type ProbeResult = 'success' | 'failure' | 'unknown';

/** What a probe worker remembers of the container instance it watches. */
export interface ProbeMemory {
  readonly containerId: string | undefined;
  readonly settled: ProbeResult;
  /** The last outcome and how often it came in a row. */
  readonly last: 'success' | 'failure' | undefined;
  readonly run: number;
  /** Nothing is probed until the container is another one: it failed and is about to be restarted. */
  readonly onHold: boolean;
}

/** Before a container's first probe: not ready, but alive; whether it has started is not known. */
export const initialResults: Readonly<Record<ProbeKind, ProbeResult>> = {
  readiness: 'failure',
  liveness: 'success',
  startup: 'unknown',
};

export const emptyMemory = (kind: ProbeKind): ProbeMemory => ({
  containerId: undefined,
  settled: initialResults[kind],
  last: undefined,
  run: 0,
  onHold: false,
});

export type ProbeDecision =
  | { readonly kind: 'skip'; readonly because: string }
  /** Not running: there is nothing to ask, and a readiness probe has failed by definition. */
  | { readonly kind: 'settle'; readonly result: ProbeResult; readonly because: string }
  | { readonly kind: 'probe'; readonly container: ObservedContainer };

export interface ProbeSituation {
  readonly kind: ProbeKind;
  readonly memory: ProbeMemory;
  readonly container: ObservedContainer | undefined;
  /** The startup probe has passed, or there is none. */
  readonly started: boolean;
  readonly initialDelayMs: number;
  readonly now: Instant;
}

/** Whether to probe now, and if not, why. */
export function decideProbe({ kind, memory, container, started, initialDelayMs, now }: ProbeSituation): ProbeDecision {
  if (container === undefined) return { kind: 'skip', because: 'the container was not created yet' };
  if (memory.onHold) return { kind: 'skip', because: 'the container failed and waits to be restarted' };
  if (container.state !== 'running') {
    return kind === 'readiness'
      ? { kind: 'settle', result: 'failure', because: 'the container is not running' }
      : { kind: 'skip', because: 'the container is not running' };
  }
  if (now - container.startedAt < initialDelayMs) return { kind: 'skip', because: 'within initialDelaySeconds' };
  if (kind === 'startup' && started) return { kind: 'skip', because: 'the container has started' };
  if (kind !== 'startup' && !started) return { kind: 'skip', because: 'the startup probe has not passed' };
  return { kind: 'probe', container };
}

/** The memory for a container instance that was not seen before; the same one otherwise. */
export const rememberContainer = (kind: ProbeKind, memory: ProbeMemory, containerId: string): ProbeMemory =>
  memory.containerId === containerId ? memory : { ...emptyMemory(kind), containerId };

/**
 * Counts an outcome: the settled result changes only after as many in a row as its threshold says.
 * Errors of the probe itself count for nothing.
 */
export function countOutcome(
  kind: ProbeKind,
  memory: ProbeMemory,
  outcome: ProbeOutcome,
  thresholds: { readonly success: number; readonly failure: number },
): ProbeMemory {
  if (outcome.kind === 'error') return memory;
  const found = outcome.kind === 'failure' ? 'failure' : 'success';
  const run = memory.last === found ? memory.run + 1 : 1;
  const counted = { ...memory, last: found, run } as const;
  if (run < thresholds[found]) return counted;
  const restarts = found === 'failure' && kind !== 'readiness';
  return { ...counted, settled: found, onHold: restarts, ...(restarts ? { run: 0 } : {}) };
}
