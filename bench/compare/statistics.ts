/** The value below which `share` (0…1) of the values lie, interpolated between neighbours; NaN without values. */
export function computeQuantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  if (low === undefined || high === undefined) return Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly smallest: number;
  readonly largest: number;
}

/** What a measure's values come to. NaN in every field without values. */
export function computeSummary(values: readonly number[]): Summary {
  return {
    count: values.length,
    median: computeQuantile(values, 0.5),
    smallest: computeQuantile(values, 0),
    largest: computeQuantile(values, 1),
  };
}
