import { mkdir, open, rmdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { systemErrorText } from './system-error-text.ts';

test.each<[() => Promise<unknown>, string]>([
  [() => open('/no/such/file'), 'open /no/such/file: no such file or directory'],
  [() => mkdir('/proc/self/status/x'), 'mkdir /proc/self/status/x: not a directory'],
  [() => mkdir('/proc'), 'mkdir /proc: file exists'],
  [() => open('/proc', 'w'), 'open /proc: is a directory'],
  [() => rmdir('/proc'), 'rmdir /proc: device or resource busy'],
])('%s: %s', async (attempt, text) => {
  const error = await attempt().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(systemErrorText(error)).toBe(text);
});

test('what is not of the file system stays', () =>
  expect(systemErrorText(new Error('EH: no, really'))).toBe('EH: no, really'));
