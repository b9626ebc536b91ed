import { describe, expect, test } from 'vitest';
import { type Block, parseWalkthrough, rewriteOutputs } from './parse.ts';

const document = [
  '# A walk',
  '```sh',
  'only to be read',
  '```',
  '## First',
  '```yaml kind.yaml',
  'kind: Cluster',
  '```',
  'words',
  '```console soon',
  '$ one \\',
  '  --more',
  'seen',
  '',
  '$ two',
  '$ echo $?',
  '1',
  '```',
  '## Second',
  '```console terminal',
  '$ sh',
  '/ # stty size',
  '24 80',
  '[the window now has 132 columns and 50 rows]',
  '/ # exit',
  '```',
].join('\n');

const consoleOf = (block: Block | undefined) => {
  if (block?.kind !== 'console') throw new Error('no console block');
  return block;
};

describe('parseWalkthrough', () => {
  const [first, second] = parseWalkthrough(document);

  test('a section has files and commands in order; what names no file is only read', () => {
    expect(parseWalkthrough(document).map(({ title }) => title)).toEqual(['First', 'Second']);
    expect(first?.blocks[0]).toEqual({ kind: 'file', name: 'kind.yaml', text: 'kind: Cluster\n', line: 7 });
    expect(first?.blocks).toHaveLength(2);
  });

  test('a command goes on after a backslash, and the output is what follows', () => {
    const { steps, soon, terminal } = consoleOf(first?.blocks[1]);
    expect({ soon, terminal }).toEqual({ soon: true, terminal: false });
    expect(steps.map(({ command, shown, line }) => ({ command, shown, line }))).toEqual([
      { command: 'one \\\n  --more', shown: ['seen', ''], line: 11 },
      { command: 'two', shown: [], line: 15 },
      { command: 'echo $?', shown: ['1'], line: 16 },
    ]);
  });

  test('only what is followed by echo $? may fail', () => {
    expect(consoleOf(first?.blocks[1]).steps.map(({ mayFail }) => mayFail)).toEqual([false, true, false]);
  });

  test('in a terminal, lines at the inner prompt are typed and the window changes', () => {
    expect(consoleOf(second?.blocks[0]).steps[0]?.gestures).toEqual([
      { kind: 'type', text: 'stty size' },
      { kind: 'resize', columns: 132, rows: 50, line: '[the window now has 132 columns and 50 rows]' },
      { kind: 'type', text: 'exit' },
    ]);
  });

  test.each([
    ['a block without an end', '```console\n$ x', 'line 1: the block is not closed'],
    ['an unknown word', '```console sun\n$ x\n```', 'line 1: "sun" is none of terminal, soon, any-order'],
    ['output before a command', '```console\nx\n```', 'line 2: the block begins with no "$ "'],
  ])('%s is an error', (_name, text, message) => {
    expect(() => parseWalkthrough(text)).toThrow(message);
  });
});

test('rewriteOutputs changes the outputs named and leaves the rest as it is', () => {
  const sections = parseWalkthrough(document);
  const rewritten = rewriteOutputs(
    document,
    sections,
    new Map([
      [11, ['more', 'lines']],
      [16, []],
    ]),
  );
  expect(rewritten).toBe(document.replace('seen\n\n', 'more\nlines\n').replace('$ echo $?\n1\n', '$ echo $?\n'));
  expect(rewriteOutputs(document, sections, new Map())).toBe(document);
});
