import { expect, test } from 'vitest';
import { closestWord } from './closest-word.ts';

test.each([
  ['a dropped letter', 'wrker', 'worker'],
  ['swapped letters', 'wroker', 'worker'],
  ['an added letter', 'nodess', 'nodes'],
  ['other case', 'Control-Plane', 'control-plane'],
  ['a beginning', 'contr', 'control-plane'],
  ['nothing near', 'gateway', undefined],
  ['a short word needs to be nearly right', 'cn', undefined],
])('%s', (_name, word, want) => {
  expect(closestWord(word, ['control-plane', 'worker', 'nodes', 'role'])).toBe(want);
});
