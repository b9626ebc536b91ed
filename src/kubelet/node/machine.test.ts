import { expect, test } from 'vitest';
import { isMapped, parseCpuLimit, parseMemoryLimit } from './machine.ts';

const none = Number.POSITIVE_INFINITY;

test.each<[string, string | undefined, number]>([
  ['no file', undefined, none],
  ['cgroup v2 without a limit', 'max', none],
  ['cgroup v1 without a limit', '9223372036854771712', none],
  ['a limit', '2147483648', 2 ** 31],
])('memory limit: %s', (_name, text, bytes) => expect(parseMemoryLimit(text)).toBe(bytes));

test.each<[string, string | undefined, string | undefined, number]>([
  ['no file', undefined, undefined, none],
  ['cgroup v2 without a limit', 'max', '100000', none],
  ['cgroup v1 without a limit', '-1', '100000', none],
  ['one core and a half', '150000', '100000', 1500],
  ['a short period', '20000', '10000', 2000],
])('CPU limit: %s', (_name, quota, period, milli) => expect(parseCpuLimit(quota, period)).toBe(milli));

test.each([
  ['         0          0 4294967295\n', false],
  ['         0     100000      65536\n', true],
  ['', false],
])('users mapped by %j: %s', (map, mapped) => expect(isMapped(map)).toBe(mapped));
