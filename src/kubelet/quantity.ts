/** Kubernetes quantities (`100m`, `1.5`, `512Mi`, `1e3`) as plain numbers. */

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The quantity's value. Throws on text that is none. */
export function parseQuantity(text: string | number): number {
  const match = /^([+-]?\d*\.?\d*)(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(String(text));
  const number = match === null || !/\d/.test(match[1] ?? '') ? Number.NaN : Number(match[1] + (match[2] ?? ''));
  if (Number.isNaN(number)) throw new Error(`${JSON.stringify(text)} is not a quantity`);
  return number * (factors[match?.[3] ?? ''] ?? 1);
}

/** Rounds up, forgiving the noise of binary fractions. */
const ceil = (value: number): number => Math.ceil(Number(value.toPrecision(15)));

/** Thousandths, rounded up: CPU in milli-CPUs. Absent counts as 0. */
export const milliOf = (quantity: string | number | undefined): number =>
  quantity === undefined ? 0 : ceil(parseQuantity(quantity) * 1000);

/** Whole units, rounded up: memory in bytes. Absent counts as 0. */
export const unitsOf = (quantity: string | number | undefined): number =>
  quantity === undefined ? 0 : ceil(parseQuantity(quantity));

export const isZeroQuantity = (quantity: string | number): boolean => parseQuantity(quantity) === 0;

/** Negative, zero or positive as `a` is less than, equal to or more than `b`. */
export const compareQuantities = (a: string | number, b: string | number): number =>
  parseQuantity(a) - parseQuantity(b);

/** Thousandths of a CPU as Kubernetes writes them: `100m`, `2`. */
export const renderMilli = (milli: number): string => (milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`);

const binary = ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki'] as const;

/** Bytes as Kubernetes writes them, in the largest binary unit that divides them: `64Mi`, `1000`. */
export function renderBytes(bytes: number): string {
  const unit = bytes === 0 ? undefined : binary.find((name) => bytes % (factors[name] ?? 1) === 0);
  return unit === undefined ? String(bytes) : `${bytes / (factors[unit] ?? 1)}${unit}`;
}
