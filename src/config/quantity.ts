const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Bytes of a Kubernetes quantity (`512Mi`, `2Gi`, `1.5G`, `1000000`), or undefined when it is none. */
export function parseMemory(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([kMGT]|[KMGT]i)?$/.exec(text.trim());
  const factor = match === null ? undefined : FACTORS[match[2] ?? ''];
  return match === null || factor === undefined ? undefined : Math.round(Number(match[1]) * factor);
}
