import { renderNumber } from './render-number.ts';
import type { Row } from './rows.ts';

const width = 860;
const top = 64;
const rowHeight = 30;
const labelWidth = 372;
const barWidth = 360;
const barHeight = 9;
/** Ratios beyond this are drawn to the edge. */
const largestRatio = 2;

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const round = (value: number): string => value.toFixed(1);

/** The comparison as a picture: one bar a measure, as long as klab's part of what upstream needs; shorter is better. */
export function renderChart(rows: readonly Row[]): string {
  const shown = rows.filter(({ ratio }) => Number.isFinite(ratio));
  const height = top + shown.length * rowHeight + 16;
  const one = labelWidth + barWidth / largestRatio;
  const bars = shown.map(({ title, unit, klab, upstream, ratio }, i) => {
    const y = top + i * rowHeight;
    const length = (Math.min(ratio, largestRatio) / largestRatio) * barWidth;
    const numbers = `${renderNumber(klab.median)} : ${renderNumber(upstream.median)}${unit === '' ? '' : ` ${unit}`}`;
    return [
      `<text x="${labelWidth - 12}" y="${y + 12}" text-anchor="end">${escapeText(title)}</text>`,
      `<rect x="${labelWidth}" y="${y + 4}" width="${round(length)}" height="${barHeight}" rx="2" class="${ratio <= 1 ? 'less' : 'more'}"/>`,
      `<text x="${labelWidth}" y="${y + 24}" class="small">${escapeText(numbers)}</text>`,
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="klab’s kubelet beside upstream’s">`,
    '<style>text{font:13px system-ui,sans-serif;fill:#24292f}.small{font-size:10px;fill:#57606a}.head{font-size:15px;font-weight:600}.less{fill:#1a7f37}.more{fill:#bc4c00}.one{stroke:#57606a;stroke-dasharray:3 3}</style>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="16" y="26" class="head">klab’s kubelet beside upstream’s (dashed line): shorter is better</text>`,
    `<text x="16" y="44" class="small">medians, klab : upstream</text>`,
    `<line x1="${one}" x2="${one}" y1="${top - 6}" y2="${height - 12}" class="one"/>`,
    ...bars,
    '</svg>',
    '',
  ].join('\n');
}
