import { expect, test } from 'vitest';
import { createRateLimit } from './rate-limit.ts';

test.each<[string, readonly number[], readonly boolean[]]>([
  ['so many at once', [0, 0, 0], [true, true, false]],
  ['one more as soon as its time has come', [0, 0, 99, 100, 100], [true, true, false, true, false]],
  ['no more than the burst after a rest', [0, 0, 9000, 9000, 9000], [true, true, true, true, false]],
  ['a clock that was set back grants nothing', [1000, 1000, 0, 50, 100], [true, true, false, false, true]],
])('%s', (_name, times, answers) => {
  const mayAsk = createRateLimit({ perSecond: 10, burst: 2 });
  expect(times.map(mayAsk)).toEqual(answers);
});
