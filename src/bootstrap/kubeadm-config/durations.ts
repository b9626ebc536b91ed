const unitsMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** True for a duration as Go writes it (`8760h0m0s`, `4m`, `1.5h`). */
export const isDuration = (text: string): boolean => /^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text);

/** Milliseconds of a duration as Go writes it; of text that is none, 0. */
export const parseDurationMs = (text: string): number =>
  [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unitsMs[unit ?? ''] ?? 0),
    0,
  );
