import { expect, test } from 'vitest';
import { UndecodableManifest } from './manifest-error.ts';
import { parseManifest } from './parse-manifest.ts';

test('file modes are octal, as everyone writes them', () =>
  expect(parseManifest('{defaultMode: 0644, port: 80, text: "0644"}')).toEqual({
    defaultMode: 420,
    port: 80,
    text: '0644',
  }));

test.each<[string, string, unknown]>([
  [
    'YAML 1.1 has more words for true and false',
    '[yes, On, n, OFF, "yes", nope]',
    [true, true, false, false, 'yes', 'nope'],
  ],
  ['of a key that stands there twice, the last counts', 'a: 1\na: 2\n', { a: 2 }],
  ['of several documents, the first counts', 'a: 1\n---\nb: [\n', { a: 1 }],
  [
    'a mapping may be merged into another',
    'x: &x {p: 1, q: 2}\nz:\n  <<: *x\n  q: 3\n',
    { x: { p: 1, q: 2 }, z: { p: 1, q: 3 } },
  ],
  ['an empty file is nothing', '', null],
])('%s', (_name, text, expected) => expect(parseManifest(text)).toEqual(expected));

test.each([
  ['a list that does not end', 'a: [1, 2\nb: 3\n'],
  ['a tab for indentation', 'a:\n\tb: 1\n'],
])('%s: one line that says where', (_name, text) => {
  expect(() => parseManifest(text)).toThrow(UndecodableManifest);
  expect(() => parseManifest(text)).toThrow(/^[^\n]+ at line \d+, column \d+$/);
});
