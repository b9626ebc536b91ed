import { expect, test } from 'vitest';
import { parseManifest } from './parse-manifest.ts';
import { ManifestError } from './static-pod.ts';

test('file modes are octal, as everyone writes them', () =>
  expect(parseManifest('{defaultMode: 0644, port: 80, text: "0644"}')).toEqual({
    defaultMode: 420,
    port: 80,
    text: '0644',
  }));

test.each([
  ['a list that does not end', 'a: [1, 2\nb: 3\n'],
  ['a tab for indentation', 'a:\n\tb: 1\n'],
  ['a key twice', 'a: 1\na: 2\n'],
])('%s: one line that says where', (_name, text) => {
  expect(() => parseManifest(text)).toThrow(ManifestError);
  expect(() => parseManifest(text)).toThrow(/^[^\n]+ at line \d+, column \d+$/);
});
