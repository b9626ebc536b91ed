/** A number with as many digits as say something: three of them, no more than two after the point; `–` for NaN. */
export function renderNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
