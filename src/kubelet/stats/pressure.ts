/** How long tasks had to wait, by the kernel's count. https://docs.kernel.org/accounting/psi.html */
export interface PressureLine {
  /** Nanoseconds, as upstream tells it. */
  readonly total: number;
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
}

export interface Pressure {
  /** While all tasks waited. */
  readonly full: PressureLine;
  /** While at least one did. */
  readonly some: PressureLine;
}

const none: PressureLine = { total: 0, avg10: 0, avg60: 0, avg300: 0 };
export const noPressure: Pressure = { full: none, some: none };

function parseLine(text: string, name: keyof Pressure): PressureLine {
  const line = new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1] ?? '';
  const field = (key: string): number => Number(new RegExp(`\\b${key}=([\\d.]+)`).exec(line)?.[1] ?? 0);
  return { total: field('total') * 1000, avg10: field('avg10'), avg60: field('avg60'), avg300: field('avg300') };
}

/** Reads a `*.pressure` file's text; all zero where the kernel does not tell. */
export const parsePressure = (text: string): Pressure =>
  text === '' ? noPressure : { full: parseLine(text, 'full'), some: parseLine(text, 'some') };
