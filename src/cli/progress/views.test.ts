import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { jsonView } from './json.ts';
import { plainView } from './plain.ts';
import { spinnerView } from './spinner.ts';
import type { ProgressView } from './view.ts';

function capture() {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  return { write, text: () => text, columns: 30 };
}

function aBuild(view: ProgressView): void {
  view.progress({ type: 'stepStarted', step: 'Nodes', at: 0 });
  view.progress({ type: 'stepStarted', step: 'Keys', at: 5 });
  view.progress({ type: 'stepDetail', step: 'Nodes', text: 'lab-worker\n' });
  view.progress({ type: 'stepEnded', step: 'Keys', ms: 120 });
  view.note('by the way');
  view.progress({ type: 'stepEnded', step: 'Nodes', ms: 61_000, error: new Error('no') });
  view.progress({ type: 'stepEnded', step: 'Image', ms: 0, cached: true });
  view.close();
}

describe('plain', () => {
  test('a line when a step begins and one when it ends', () => {
    const out = capture();
    aBuild(plainView(out.write, 0));
    expect(out.text()).toBe(
      ' • Nodes …\n • Keys …\n ✓ Keys (120 ms)\nby the way\n ✗ Nodes (1 m 01 s)\n ✓ Image (cached)\n',
    );
  });

  test('details from -v 1 on', () => {
    const out = capture();
    aBuild(plainView(out.write, 1));
    expect(out.text()).toContain('   Nodes: lab-worker\n');
  });
});

test('json: one object a line, errors with their message', () => {
  const out = capture();
  aBuild(jsonView(out.write));
  const lines = out
    .text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map((line) => line.type)).toEqual([
    'stepStarted',
    'stepStarted',
    'stepDetail',
    'stepEnded',
    'note',
    'stepEnded',
    'stepEnded',
  ]);
  expect(lines[5]).toEqual({ type: 'stepEnded', step: 'Nodes', ms: 61_000, error: { name: 'Error', message: 'no' } });
});

describe('spinner', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('what is left on the screen at the end is one line for each step, and the notes', () => {
    const out = capture();
    aBuild(spinnerView(out, 0, false));
    expect(screenOf(out.text())).toEqual([
      ' ✔ Keys 120 ms',
      'by the way',
      ' ✖ Nodes 1 m 01 s',
      ' ✔ Image (cached)',
      '',
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('steps under way turn, those that begin after a pause too, each on a line that is never wrapped', () => {
    const out = capture();
    const view = spinnerView(out, 0, false);
    view.progress({ type: 'stepStarted', step: 'Nodes', at: 0 });
    view.progress({ type: 'stepStarted', step: 'A step with a very long name indeed', at: 0 });
    view.progress({ type: 'stepEnded', step: 'Nodes', ms: 1 });
    view.progress({ type: 'stepEnded', step: 'A step with a very long name indeed', ms: 1 });
    view.progress({ type: 'stepStarted', step: 'Nodes', at: 0 });
    view.progress({ type: 'stepStarted', step: 'A step with a very long name indeed', at: 0 });
    const before = screenOf(out.text()).slice(2);
    vi.advanceTimersByTime(100);
    const after = screenOf(out.text()).slice(2);
    expect(before.map((line) => line.slice(3))).toEqual(['Nodes', 'A step with a very long n…', '']);
    expect(after[0]?.slice(3)).toBe('Nodes');
    expect(after[0]).not.toBe(before[0]);
    view.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** The lines that a terminal would show after this output. */
function screenOf(text: string): string[] {
  const lines = [''];
  for (const token of text.split(new RegExp(`(${ESCAPE}\\[1A|${ESCAPE}\\[2K|\\n)`))) {
    if (token === `${ESCAPE}[1A`) lines.pop();
    else if (token === `${ESCAPE}[2K`) lines[lines.length - 1] = '';
    else if (token === '\n') lines.push('');
    else lines[lines.length - 1] += token;
  }
  return lines;
}

const ESCAPE = '\x1b';
