import { expect, test } from 'vitest';
import { grantedPrivilege, type Privilege, refusesPrivileged } from './capabilities.ts';

test.each([
  [
    'a daemon without CAP_SYS_RESOURCE',
    'OCI runtime create failed: unable to apply caps: operation not permitted',
    true,
  ],
  ['an authorization plugin', 'authorization denied by plugin: privileged containers are not allowed', true],
  ['a name that is taken', 'Conflict. The container name "/a" is already in use', false],
  ['a port that is taken', 'Bind for 127.0.0.1:80 failed: port is already allocated', false],
])('%s: refuses privileged = %s', (_name, message, expected) => {
  expect(refusesPrivileged(new Error(message))).toBe(expected);
});

const refusing = new Error('unable to apply caps: operation not permitted');

test('what the first one found out is not tried again', async () => {
  const tried: Privilege[] = [];
  const granted = grantedPrivilege();
  const start = async (as: Privilege) => {
    tried.push(as);
    if (as === 'privileged') throw refusing;
    return as;
  };
  expect(await granted(start)).toBe('named');
  expect(await granted(start)).toBe('named');
  expect(tried).toEqual(['privileged', 'named', 'named']);
});

test('those that come at the same time wait for the first', async () => {
  const tried: Privilege[] = [];
  const granted = grantedPrivilege();
  const start = async (as: Privilege) => {
    tried.push(as);
    if (as === 'privileged') throw refusing;
    return as;
  };
  expect(await Promise.all([granted(start), granted(start), granted(start)])).toEqual(['named', 'named', 'named']);
  expect(tried).toEqual(['privileged', 'named', 'named', 'named']);
});

test('another failure is not taken for a refusal, and the next one finds out anew', async () => {
  const granted = grantedPrivilege();
  const busy = () => Promise.reject(new Error('port is already allocated'));
  await expect(Promise.all([granted(busy)])).rejects.toThrow('already allocated');
  expect(await granted(async (as) => as)).toBe('privileged');
});
