import type { Container, Pod, Probe } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import type { ObservedContainer } from '../observed.ts';
import type { ProbeKind } from '../parts.ts';
import {
  countOutcome,
  decideProbe,
  emptyMemory,
  type ProbeMemory,
  type ProbeOutcome,
  type ProbeResult,
  rememberContainer,
} from './decide.ts';

/** Attempts within one tick when the probe itself does not work. */
const attemptsPerTick = 3;

export interface ProbeWorkerOptions {
  readonly kind: ProbeKind;
  readonly pod: Pod;
  readonly container: Container;
  readonly probe: Probe;
  readonly clock: Clock;
  /** When the kubelet started: a young kubelet spreads its first probes over a period. */
  readonly kubeletStartedAt: Instant;
  readonly random: () => number;
  readonly observe: () => ObservedContainer | undefined;
  readonly started: (containerId: string) => boolean;
  readonly attempt: (containerId: string) => Promise<ProbeOutcome>;
  readonly onOutcome: (outcome: ProbeOutcome, containerId: string, ms: number) => void;
  /** The settled result of a container instance changed. */
  readonly onSettled: (containerId: string, result: ProbeResult) => void;
}

/** One probe of one container, ticking until it is stopped. */
export class ProbeWorker {
  readonly kind: ProbeKind;
  private readonly options: ProbeWorkerOptions;
  private readonly stopper = new AbortController();
  private memory: ProbeMemory;
  private wake: AbortController = new AbortController();

  constructor(options: ProbeWorkerOptions) {
    this.options = options;
    this.kind = options.kind;
    this.memory = emptyMemory(options.kind);
  }

  stop(): void {
    this.stopper.abort();
  }

  /** Probes now rather than at the next tick. */
  trigger(): void {
    this.wake.abort();
  }

  async run(): Promise<void> {
    const { clock, probe, kubeletStartedAt, random } = this.options;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    const signal = this.stopper.signal;
    const rested = (ms: number) => {
      this.wake = new AbortController();
      return clock.sleep(ms, AbortSignal.any([signal, this.wake.signal])).catch(() => undefined);
    };
    // A restarted kubelet finds all its pods at once: probing them in step would load the node every period.
    const container = this.options.observe();
    const inherited = container?.state === 'running' && container.startedAt < kubeletStartedAt;
    if (inherited && clock.now() - kubeletStartedAt < periodMs) await rested(random() * periodMs);
    while (!signal.aborted) {
      await this.tick();
      if (!signal.aborted) await rested(periodMs);
    }
  }

  private async tick(): Promise<void> {
    const { kind, clock, probe, observe, started, onSettled } = this.options;
    const container = observe();
    if (container !== undefined) {
      const remembered = rememberContainer(kind, this.memory, container.id);
      if (remembered !== this.memory) {
        const inherited = container.state === 'running' && container.startedAt < this.options.kubeletStartedAt;
        // What it was before the restart stays so until as many outcomes in a row say otherwise.
        this.memory = inherited ? { ...remembered, settled: 'unknown' } : remembered;
        if (!inherited) onSettled(container.id, remembered.settled);
      }
    }
    const decision = decideProbe({
      kind,
      memory: this.memory,
      container,
      started: container !== undefined && started(container.id),
      initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1000,
      now: clock.now(),
    });
    if (decision.kind === 'settle' && container !== undefined) {
      this.memory = { ...this.memory, settled: decision.result, last: undefined, run: 0 };
      onSettled(container.id, decision.result);
    }
    if (decision.kind === 'probe') await this.probe(decision.container.id);
  }

  private async probe(containerId: string): Promise<void> {
    const { kind, probe, attempt, onOutcome, onSettled } = this.options;
    const startedAt = performance.now();
    let outcome = await attempt(containerId);
    for (let tries = 1; outcome.kind === 'error' && tries < attemptsPerTick; tries += 1)
      outcome = await attempt(containerId);
    if (this.stopper.signal.aborted) return;
    onOutcome(outcome, containerId, performance.now() - startedAt);
    const thresholds = { success: probe.successThreshold ?? 1, failure: probe.failureThreshold ?? 3 };
    this.memory = countOutcome(kind, this.memory, outcome, thresholds);
    if (this.memory.settled !== 'unknown') onSettled(containerId, this.memory.settled);
  }
}
