import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../harness/run.ts';
import { parseWalkthrough } from './parse.ts';

const markdown = readFileSync(join(root, 'docs/walkthrough.md'), 'utf8');
const sections = parseWalkthrough(markdown);

test('the walk has its 21 parts in order, and each runs something', () => {
  const numbers = sections.map(({ title }) => Number.parseInt(title, 10));
  expect(numbers.slice(0, 21)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
  for (const { title, blocks } of sections)
    expect(
      blocks.some(({ kind }) => kind === 'console'),
      title,
    ).toBe(true);
});

test('no block holds commands that nobody runs', () => {
  const languages = [...markdown.matchAll(/^```(\S+)( \S+)?/gm)].map(([, language, name]) => ({ language, name }));
  for (const { language, name } of languages) expect(language === 'console' || name !== undefined).toBe(true);
});

test('whatever takes its time is a command that changes nothing', () => {
  const changing = /\b(create|delete|apply|cp|rm|restart|label|taint|run|replace|debug|-w)\b|>/;
  for (const { blocks } of sections)
    for (const block of blocks)
      if (block.kind === 'console' && block.soon && !block.terminal)
        for (const { command } of block.steps) expect(command).not.toMatch(changing);
});
