/** Lines around a change that are shown with it, as `diff -u` does. */
const contextLines = 3;

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/** What changed between two texts as a unified diff with these names; '' when nothing did. */
export function unifiedDiff(before: string, after: string, beforeName: string, afterName: string): string {
  if (before === after) return '';
  const lines = diffLines(toLines(before), toLines(after));
  return [`--- ${beforeName}`, `+++ ${afterName}`, ...hunks(lines)].map((line) => `${line}\n`).join('');
}

const toLines = (text: string): readonly string[] => text.replace(/\n$/, '').split('\n');

/** The shortest way from one to the other, by the longest common subsequence of what lies between equal ends. */
function diffLines(before: readonly string[], after: readonly string[]): readonly Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const room = Math.min(before.length, after.length) - start;
  while (end < room && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  const same = (text: string): Line => ({ mark: ' ', text });
  return [
    ...before.slice(0, start).map(same),
    ...diffMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

function diffMiddle(before: readonly string[], after: readonly string[]): readonly Line[] {
  const common = commonLengths(before, after);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, added] = [before[i], after[j]];
    if (old !== undefined && old === added) {
      lines.push({ mark: ' ', text: old });
      i += 1;
      j += 1;
    } else if (old !== undefined && (added === undefined || at(common, i + 1, j) >= at(common, i, j + 1))) {
      lines.push({ mark: '-', text: old });
      i += 1;
    } else if (added !== undefined) {
      lines.push({ mark: '+', text: added });
      j += 1;
    }
  }
  return lines;
}

const at = (table: readonly (readonly number[])[], i: number, j: number): number => table[i]?.[j] ?? 0;

/** How many lines the rests from `i` and `j` on have in common. */
function commonLengths(before: readonly string[], after: readonly string[]): readonly (readonly number[])[] {
  const table: number[][] = [];
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const row: number[] = [];
    table[i] = row;
    for (let j = after.length - 1; j >= 0; j -= 1) {
      row[j] = before[i] === after[j] ? at(table, i + 1, j + 1) + 1 : Math.max(at(table, i + 1, j), row[j + 1] ?? 0);
    }
  }
  return table;
}

function hunks(lines: readonly Line[]): readonly string[] {
  const shown = lines.map((_line, index) =>
    lines.slice(Math.max(0, index - contextLines), index + contextLines + 1).some(({ mark }) => mark !== ' '),
  );
  const text: string[] = [];
  let position = { before: 1, after: 1 };
  for (let index = 0; index < lines.length; ) {
    const from = index;
    while (index < lines.length && shown[index] === shown[from]) index += 1;
    const hunk = lines.slice(from, index);
    const size = { before: hunk.filter(isBefore).length, after: hunk.filter(isAfter).length };
    if (shown[from]) {
      text.push(`@@ -${position.before},${size.before} +${position.after},${size.after} @@`);
      text.push(...hunk.map((line) => `${line.mark}${line.text}`));
    }
    position = { before: position.before + size.before, after: position.after + size.after };
  }
  return text;
}

const isBefore = ({ mark }: Line): boolean => mark !== '+';
const isAfter = ({ mark }: Line): boolean => mark !== '-';
