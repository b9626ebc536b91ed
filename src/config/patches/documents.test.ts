import { expect, test } from 'vitest';
import { splitDocuments } from './documents.ts';

test.each([
  ['one stays as it is', '# c\nkind:   A\n', ['# c\nkind:   A\n']],
  ['two', 'kind: A\n---\nkind: B\nx: [1]\n', ['kind: A\n', 'kind: B\nx: [ 1 ]\n']],
  ['empty ones are dropped', '---\nkind: A\n---\n# nothing\n---\nkind: B\n', ['kind: A\n', 'kind: B\n']],
  ['none', '', ['']],
  ['no YAML', 'kind: A\n---\nkind: [\n', ['kind: A\n---\nkind: [\n']],
])('%s', (_name, text, want) => {
  expect(splitDocuments(text)).toEqual(want);
});
