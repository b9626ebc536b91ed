import { renderNumber } from './render-number.ts';
import type { Row } from './rows.ts';
import type { Summary } from './statistics.ts';

const renderSummary = ({ count, median, smallest, largest }: Summary): string => {
  if (count === 0) return '';
  const spread = count === 1 ? '' : ` (${renderNumber(smallest)}–${renderNumber(largest)})`;
  return `${renderNumber(median)}${spread}`;
};

/** The comparison as a Markdown table: medians, in brackets the smallest and largest round. */
export function renderTable(rows: readonly Row[]): string {
  const lines = rows.map(({ title, unit, klab, upstream, runtime, ratio }) => [
    unit === '' ? title : `${title} (${unit})`,
    renderSummary(klab),
    renderSummary(upstream),
    Number.isFinite(ratio) ? `${ratio.toFixed(2)} ×` : '',
    renderSummary(runtime),
  ]);
  const all = [['', 'klab', 'upstream', 'klab ÷ upstream', 'runtime alone'], ...lines];
  const widths = all[0]?.map((_cell, column) => Math.max(...all.map((line) => line[column]?.length ?? 0))) ?? [];
  const renderLine = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [renderLine(all[0] ?? []), rule, ...all.slice(1).map(renderLine)].join('\n');
}
