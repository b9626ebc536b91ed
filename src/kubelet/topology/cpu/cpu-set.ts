/** CPUs by number. */
export type CpuSet = ReadonlySet<number>;

export const noCpus: CpuSet = new Set();

export const sorted = (numbers: Iterable<number>): readonly number[] => [...numbers].sort((a, b) => a - b);

/** `0-3,8` → its numbers. Throws on anything else; an empty text is an empty set. */
export function parseCpuSet(text: string): CpuSet {
  const numbers = new Set<number>();
  for (const part of text.trim() === '' ? [] : text.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? first);
    if (match === null || last < first) throw new Error(`${JSON.stringify(text)} is no list of CPUs`);
    for (let number = first; number <= last; number += 1) numbers.add(number);
  }
  return numbers;
}

/** The numbers in the kernel's notation, neighbours as a range. */
export function formatCpuSet(cpus: Iterable<number>): string {
  const ranges: { first: number; last: number }[] = [];
  for (const cpu of sorted(cpus)) {
    const range = ranges.at(-1);
    if (range !== undefined && range.last + 1 === cpu) range.last = cpu;
    else ranges.push({ first: cpu, last: cpu });
  }
  return ranges.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}

export const unionOf = (...sets: readonly Iterable<number>[]): CpuSet => new Set(sets.flatMap((set) => [...set]));
export const without = (all: Iterable<number>, removed: CpuSet): CpuSet =>
  new Set([...all].filter((cpu) => !removed.has(cpu)));
export const common = (some: Iterable<number>, others: CpuSet): CpuSet =>
  new Set([...some].filter((cpu) => others.has(cpu)));
export const sameCpus = (a: CpuSet, b: CpuSet): boolean => a.size === b.size && [...a].every((cpu) => b.has(cpu));
