import type { Instant } from '../../base/clock.ts';
import { type NodeCondition, type Readings, type StarvedResource, signalFacts } from './signals.ts';
import { amountOf, type Threshold } from './thresholds.ts';

/** What is remembered from one look at the node to the next. */
export interface PressureState {
  /** Since when each threshold has been met without a break. */
  readonly metSince: ReadonlyMap<Threshold, Instant>;
  /** Those that had been met for their grace period at the last look. */
  readonly due: readonly Threshold[];
  readonly seenAt: ReadonlyMap<NodeCondition, Instant>;
}

export const noPressure: PressureState = { metSince: new Map(), due: [], seenAt: new Map() };

export interface PressureInputs {
  readonly thresholds: readonly Threshold[];
  readonly readings: Readings;
  readonly before: PressureState;
  readonly now: Instant;
  /** How long a condition stays after it was last observed. */
  readonly transitionMs: number;
}

export interface PressureDecision {
  readonly state: PressureState;
  readonly conditions: readonly NodeCondition[];
  /** Thresholds that are to be acted on, memory first. */
  readonly due: readonly Threshold[];
  /** What is reclaimed this time. */
  readonly reclaim: { readonly threshold: Threshold; readonly resource: StarvedResource } | undefined;
}

/** Those of the thresholds that the readings fall below; a signal without a reading is never met. */
export function findMet(
  thresholds: readonly Threshold[],
  readings: Readings,
  withReclaim: boolean,
): readonly Threshold[] {
  return thresholds.filter(({ signal, below, minReclaim }) => {
    const reading = readings.get(signal);
    if (reading === undefined) return false;
    const more = withReclaim && minReclaim !== undefined ? amountOf(minReclaim, reading) : 0;
    return amountOf(below, reading) + more > reading.available;
  });
}

const conditionOrder: readonly NodeCondition[] = ['MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** What the node is short of, for how long, and whether something has to be done now. */
export function decidePressure({ thresholds, readings, before, now, transitionMs }: PressureInputs): PressureDecision {
  const unresolved = findMet(before.due, readings, true);
  const met = [...new Set([...findMet(thresholds, readings, false), ...unresolved])];
  const metSince = new Map(met.map((threshold) => [threshold, before.metSince.get(threshold) ?? now]));
  const seenAt = new Map([...before.seenAt, ...met.map(({ signal }) => [signalFacts[signal].condition, now] as const)]);
  const conditions = conditionOrder.filter((condition) => {
    const at = seenAt.get(condition);
    return at !== undefined && now - at < transitionMs;
  });
  const due = met
    .filter((threshold) => now - (metSince.get(threshold) ?? now) >= threshold.graceMs)
    .sort((a, b) => Number(isMemory(b)) - Number(isMemory(a)));
  const [first] = due;
  return {
    state: { metSince, due, seenAt },
    conditions,
    due,
    reclaim: first === undefined ? undefined : { threshold: first, resource: signalFacts[first.signal].resource },
  };
}

const isMemory = ({ signal }: Threshold): boolean => signalFacts[signal].resource === 'memory';
