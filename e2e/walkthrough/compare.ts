import { normaliseLine } from './normalise.ts';

/** Stands for any text within a line and, alone on a line, for any lines. */
const elision = '…';

/** Whether the text left something out of the output. */
export const isElided = (shown: readonly string[]): boolean => shown.some((line) => line.includes(elision));

type Pattern = { readonly kind: 'any' } | { readonly kind: 'line'; readonly matches: (line: string) => boolean };

function patternOf(line: string): Pattern {
  if (line.trim() === elision) return { kind: 'any' };
  const normal = normaliseLine(line);
  if (!normal.includes(elision)) return { kind: 'line', matches: (actual) => actual === normal };
  const parts = normal.split(elision).map((part) => part.trim().replace(/[.*+?^${}()|[\]\\<>/-]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('.*')}$`);
  return { kind: 'line', matches: (actual) => pattern.test(actual) };
}

/** Whether the output is what the text shows, leaving aside what differs from run to run. */
export function isAsShown(shown: readonly string[], actual: readonly string[], anyOrder = false): boolean {
  const lines = actual.map(normaliseLine);
  const patterns = shown.map(patternOf);
  return anyOrder ? matchesUnordered(patterns, lines) : matchesOrdered(patterns, lines);
}

function matchesOrdered(patterns: readonly Pattern[], lines: readonly string[]): boolean {
  // reachable[i]: the patterns so far can stand for the first i lines.
  let reachable = lines.map(() => false);
  reachable = [true, ...reachable];
  for (const pattern of patterns) {
    let before = false;
    reachable = reachable.map((_, index) => {
      if (pattern.kind === 'any') {
        before ||= reachable[index] === true;
        return before;
      }
      return index > 0 && reachable[index - 1] === true && pattern.matches(lines[index - 1] ?? '');
    });
  }
  return reachable.at(-1) === true;
}

function matchesUnordered(patterns: readonly Pattern[], lines: readonly string[]): boolean {
  const left = [...lines];
  for (const pattern of patterns) {
    if (pattern.kind === 'any') continue;
    const at = left.findIndex(pattern.matches);
    if (at === -1) return false;
    left.splice(at, 1);
  }
  return left.length === 0 || patterns.some(({ kind }) => kind === 'any');
}

/** What the text shows (`-`) and what came (`+`), line by line, for a human; both without what differs anyway. */
export function renderDifference(shown: readonly string[], actual: readonly string[]): string {
  const [left, right] = [shown.map(normaliseLine), actual.map(normaliseLine)];
  const lengths = commonLengths(left, right);
  const rows: string[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      rows.push(`  ${left[i]}`);
      i += 1;
      j += 1;
    } else if (j >= right.length || (i < left.length && (lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0))) {
      rows.push(`- ${left[i]}`);
      i += 1;
    } else {
      rows.push(`+ ${right[j]}`);
      j += 1;
    }
  }
  return rows.join('\n');
}

/** lengths[i][j]: how many lines left from i and right from j have in common, in order. */
function commonLengths(left: readonly string[], right: readonly string[]): readonly (readonly number[])[] {
  const lengths: number[][] = Array.from({ length: left.length + 1 }, () => Array(right.length + 1).fill(0));
  for (let i = left.length - 1; i >= 0; i -= 1)
    for (let j = right.length - 1; j >= 0; j -= 1) {
      const row = lengths[i];
      if (row === undefined) continue;
      row[j] =
        left[i] === right[j]
          ? 1 + (lengths[i + 1]?.[j + 1] ?? 0)
          : Math.max(lengths[i + 1]?.[j] ?? 0, lengths[i]?.[j + 1] ?? 0);
    }
  return lengths;
}
