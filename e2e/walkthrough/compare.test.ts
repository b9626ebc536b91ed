import { describe, expect, test } from 'vitest';
import { isAsShown, isElided, renderDifference } from './compare.ts';

describe('isAsShown', () => {
  test.each([
    ['the same', ['a', 'b'], ['a', 'b'], true],
    ['a line too many', ['a'], ['a', 'b'], false],
    ['a line too few', ['a', 'b'], ['a'], false],
    ['another age', ['web 3s'], ['web   40s'], true],
    ['another state', ['web Running 3s'], ['web Pending 3s'], false],
    ['lines left out', ['a', '…', 'z'], ['a', 'b', 'c', 'z'], true],
    ['no lines left out', ['a', '…', 'z'], ['a', 'z'], true],
    ['lines left out, another end', ['a', '…', 'z'], ['a', 'b', 'y'], false],
    ['text left out', ['error: … refused'], ['error: 127.0.0.1 said: refused'], true],
    ['text left out, another end', ['error: … refused'], ['error: 127.0.0.1 said: come in'], false],
    ['signs are only signs', ['a.c …'], ['abc d'], false],
    ['nothing', [], [], true],
    ['everything', ['…'], ['a', 'b'], true],
  ])('%s', (_name, shown, actual, same) => {
    expect(isAsShown(shown, actual)).toBe(same);
  });

  test.each([
    ['another order', ['a', 'b'], ['b', 'a'], true],
    ['one twice', ['a', 'b'], ['a', 'a'], false],
    ['one too many', ['a'], ['a', 'b'], false],
    ['some left out', ['a', '…'], ['b', 'a'], true],
  ])('in any order: %s', (_name, shown, actual, same) => {
    expect(isAsShown(shown, actual, true)).toBe(same);
  });
});

test('isElided', () => {
  expect([isElided(['a', 'b … c']), isElided(['a', 'b'])]).toEqual([true, false]);
});

test('renderDifference shows what is missing and what came instead', () => {
  expect(renderDifference(['NAME', 'web Running 3s', 'end'], ['NAME', 'web Pending 5s', 'end'])).toBe(
    ['  NAME', '- web Running <age>', '+ web Pending <age>', '  end'].join('\n'),
  );
});
