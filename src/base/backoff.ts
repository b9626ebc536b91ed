/** Exponential growth: `firstMs` for attempt 0, multiplied by `factor` each time, never above `maxMs`. */
export interface BackoffCurve {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** The delay in milliseconds before retry number `attempt` (0 is the first retry). */
export const backoffMs = (curve: BackoffCurve, attempt: number): number =>
  Math.min(curve.maxMs, curve.firstMs * curve.factor ** attempt);

/** `ms` lengthened by up to `fraction` of itself; `random` answers in [0, 1). */
export const jittered = (ms: number, fraction: number, random: () => number = Math.random): number =>
  ms * (1 + fraction * random());
