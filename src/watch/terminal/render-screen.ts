import { Chalk, type ChalkInstance } from 'chalk';
import { renderStep, stepText } from '../lines.ts';
import type { Stage, Step } from '../story/index.ts';
import type { PodRow, StorySoFar } from '../story-so-far.ts';
import type { View } from './keys.ts';

export interface Screen {
  readonly rows: number;
  readonly columns: number;
  readonly color: boolean;
}

export interface Rendered {
  /** As many as the screen has rows, none wider than it. */
  readonly lines: readonly string[];
  /** Lines of the log that are shown. */
  readonly page: number;
  /** How far the log could be scrolled back. */
  readonly most: number;
}

const help = '/ filter  space hold  ↑ ↓ PgUp PgDn scroll  End follow  q quit';

/** The screen: who is watched, the table of pods, the log, and what one can press. */
export function renderScreen(
  { title, story, view }: { readonly title: string; readonly story: StorySoFar; readonly view: View },
  { rows, columns, color }: Screen,
): Rendered {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const cut = (text: string): string => (text.length > columns ? `${text.slice(0, Math.max(0, columns - 1))}…` : text);
  const wanted = view.filter.toLowerCase();
  const matches = (line: string): boolean => line.toLowerCase().includes(wanted);

  const pods = podTable(story.pods()).filter(({ line }, i) => i === 0 || matches(line));
  const shownPods = pods.slice(0, 1 + Math.max(1, Math.floor((rows - 6) / 3)));
  const log = story
    .steps()
    .filter(({ serial }) => view.heldFrom === undefined || serial < view.heldFrom)
    .map(({ step }) => ({ line: renderStep(step), step }))
    .filter(({ line }) => matches(line));
  const page = Math.max(0, rows - 4 - shownPods.length);
  const most = Math.max(0, log.length - page);
  const end = log.length - Math.min(view.back, most);
  const shownLog = log.slice(Math.max(0, end - page), end);
  const more = pods.length - shownPods.length;

  const lines = [
    chalk.bold(cut(title)),
    cut(statusLine(story, view)),
    ...shownPods.map(({ line, stage }, i) => (i === 0 ? chalk.underline(cut(line)) : paint(chalk, stage)(cut(line)))),
    cut(more > 0 ? `… and ${more} more pods` : ''),
    ...shownLog.map(({ line, step }) => paint(chalk, step.stage)(cut(line))),
  ];
  const empty = Array.from({ length: Math.max(0, rows - 1 - lines.length) }, () => '');
  const prompt = view.editing ? `filter: ${view.filter}█` : help;
  return { lines: [...lines, ...empty, chalk.inverse(cut(prompt))].slice(-rows), page, most };
}

function statusLine(story: StorySoFar, { filter, heldFrom }: View): string {
  const silent = [...story.silent()].map(([node, because]) => `${node} does not answer: ${because}`);
  return [
    heldFrom === undefined ? 'following' : `held, ${story.told() - heldFrom} new`,
    ...(filter === '' ? [] : [`filter: ${filter}`]),
    ...silent,
  ].join('  |  ');
}

function podTable(rows: readonly PodRow[]): readonly { readonly line: string; readonly stage: Stage }[] {
  const cells = rows.map(({ pod, node, phase, last }) => [pod, node, phase ?? '-', lastOf(last)]);
  const table = [['POD', 'NODE', 'PHASE', 'LAST'], ...cells];
  const widths = [0, 1, 2].map((i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
  return table.map((row, i) => ({
    line: row.map((cell, j) => cell.padEnd(widths[j] ?? 0)).join('  '),
    stage: rows[i - 1]?.last.stage ?? 'node',
  }));
}

const lastOf = ({ stage, text }: Step): string => `${stage}: ${stepText({ text })}`;

function paint(chalk: ChalkInstance, stage: Stage): (text: string) => string {
  switch (stage) {
    case 'desired':
      return chalk.blue;
    case 'observed':
      return chalk.cyan;
    case 'decided':
      return chalk.green;
    case 'waits':
      return chalk.yellow;
    case 'failed':
      return chalk.red;
    case 'probed':
    case 'node':
      return chalk.dim;
    case 'did':
      return (text) => text;
  }
}
