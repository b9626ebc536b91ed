import { describe, expect, test } from 'vitest';
import type { Heard } from '../journal-source.ts';
import { storySoFar } from '../story-so-far.ts';
import { firstView, type Key, pressKey, type View } from './keys.ts';
import { renderScreen } from './render-screen.ts';

const synced = (pod: string, phase: string, at = 0): Heard => ({
  type: 'record',
  record: { node: 'n1', at, kind: 'pod.synced', pods: [pod], fields: { ms: 5, phase } },
});
const limits = { told: 40, page: 10, most: 30 };
const press = (...keys: readonly Key[]): View => keys.reduce((view, key) => pressKey(view, key, limits), firstView);
const typed = (text: string): readonly Key[] => [...text].map((sequence) => ({ sequence, name: sequence }));

describe('keys', () => {
  test.each<[string, readonly Key[], Partial<View>]>([
    ['q leaves', [{ name: 'q' }], { done: true }],
    ['Ctrl-C leaves', [{ name: 'c', ctrl: true }], { done: true }],
    ['space holds', [{ name: 'space' }], { heldFrom: 40 }],
    ['space again follows', [{ name: 'space' }, { name: 'space' }], { heldFrom: undefined }],
    ['scrolling back holds', [{ name: 'up' }, { name: 'pageup' }], { back: 11, heldFrom: 40 }],
    ['not beyond the first line', [{ name: 'home' }, { name: 'pageup' }], { back: 30 }],
    ['nor beyond the last', [{ name: 'up' }, { name: 'pagedown' }], { back: 0, heldFrom: 40 }],
    ['the end follows again', [{ name: 'home' }, { name: 'end' }], { back: 0, heldFrom: undefined }],
    [
      'a filter is typed, q and all',
      [{ sequence: '/' }, ...typed('quit'), { name: 'return' }],
      { filter: 'quit', editing: false },
    ],
    ['and corrected', [{ sequence: '/' }, ...typed('ab'), { name: 'backspace' }], { filter: 'a', editing: true }],
    ['or given up', [{ sequence: '/' }, ...typed('ab'), { name: 'escape' }], { filter: '', editing: false }],
    ['Escape clears it', [{ sequence: '/' }, ...typed('ab'), { name: 'return' }, { name: 'escape' }], { filter: '' }],
    ['cursor keys are not text', [{ sequence: '/' }, { name: 'up', sequence: '\u001b[A' }], { filter: '' }],
    ['other keys do nothing', [{ name: 'x', sequence: 'x' }], firstView],
  ])('%s', (_name, keys, expected) => expect(press(...keys)).toMatchObject(expected));
});

describe('the screen', () => {
  const screen = { rows: 12, columns: 60, color: false };
  const draw = (heard: readonly Heard[], view: Partial<View> = {}, size = screen) => {
    const story = storySoFar(false);
    for (const each of heard) story.hear(each);
    return renderScreen({ title: 'klab watch', story, view: { ...firstView, ...view } }, size);
  };
  const many = Array.from({ length: 30 }, (_, i) => synced(`a/p${i % 3}`, 'Running', i));

  test.each([
    ['nothing yet', []],
    ['much', many],
  ])('has as many lines as the terminal, none too wide: %s', (_name, heard) => {
    const { lines } = draw(heard);
    expect(lines).toHaveLength(12);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  test('shows pods, that of the latest first, and the latest steps', () => {
    const text = draw(
      [synced('a/one', 'Pending'), synced('a/two', 'Running')],
      {},
      { ...screen, rows: 20, columns: 120 },
    ).lines.join('\n');
    expect(text).toMatch(/POD +NODE +PHASE +LAST\na\/two +n1 +Running +did: synced.*\na\/one +n1 +Pending/);
    expect(text).toMatch(/a\/one {2}did .*Pending\n.*a\/two {2}did .*Running/);
  });

  test('is filtered, held and scrolled back', () => {
    const wide = { rows: 20, columns: 120, color: false };
    expect(draw(many, { filter: 'P2' }, wide).lines.join('\n')).not.toContain('a/p1');
    expect(draw(many, { heldFrom: 3 }, wide).lines.join('\n')).toContain('held, 27 new');
    const { page, most } = draw(many, {}, wide);
    expect(most).toBe(30 - page);
    const first = draw(many, { back: most, heldFrom: 30 }, wide).lines.find((line) => /^\d\d:/.test(line));
    expect(first).toContain('a/p0');
  });

  test('says which node does not answer', () => {
    const lost: Heard = { type: 'lost', node: 'n1', because: 'kubelet is gone' };
    expect(draw([lost]).lines.join('\n')).toContain('n1 does not answer: kubelet is gone');
    expect(draw([lost, { type: 'connected', node: 'n1' }]).lines.join('\n')).not.toContain('does not answer');
  });

  test('text from containers cannot move the cursor', () => {
    const record = { node: 'n1', at: 0, kind: 'pod.syncFailed', pods: ['a/a'], fields: { error: 'a\u001b[2Jb\nc' } };
    expect(draw([{ type: 'record', record }], {}, { ...screen, columns: 120 }).lines.join('\n')).not.toContain(
      '\u001b',
    );
  });

  test('what happens every second is left out', () => {
    const relisted: Heard = {
      type: 'record',
      record: { node: 'n1', at: 0, kind: 'runtime.relisted', pods: [], fields: {} },
    };
    expect(draw([relisted]).lines.join('\n')).not.toContain('relisted');
  });
});
