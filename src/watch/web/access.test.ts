import { expect, test } from 'vitest';
import { type Admission, admit, newToken } from './access.ts';

const access = { token: 'right', port: 4000 };
const host = '127.0.0.1:4000';
const cookie = 'other=1; klab-watch-4000=right';

test.each<[string, string, string, Record<string, string>, Admission['kind'], number?]>([
  ['the address that was printed', 'GET', '/?token=right', { host }, 'welcome'],
  ['a wrong token', 'GET', '/?token=wrong', { host }, 'refuse', 403],
  ['a token of the right length', 'GET', '/?token=wrung', { host }, 'refuse', 403],
  ['no token', 'GET', '/', { host }, 'refuse', 403],
  ['the token elsewhere than at the door', 'GET', '/events?token=right', { host }, 'refuse', 403],
  ['the cookie', 'GET', '/events', { host, cookie }, 'serve'],
  ['the cookie by the other name of this machine', 'GET', '/', { host: 'localhost:4000', cookie }, 'serve'],
  ['another watch’s cookie', 'GET', '/', { host, cookie: 'klab-watch-4001=right' }, 'refuse', 403],
  ['a name that was made to lead here', 'GET', '/', { host: 'evil.example:4000', cookie }, 'refuse', 400],
  ['no host', 'GET', '/', { cookie }, 'refuse', 400],
  ['anything that changes something', 'POST', '/', { host, cookie }, 'refuse', 405],
])('%s', (_name, method, path, headers, kind, status) => {
  const admission = admit({ method, url: new URL(path, 'http://127.0.0.1'), headers }, access);
  expect(admission).toMatchObject({ kind, ...(status === undefined ? {} : { status }) });
});

test('the cookie is for this server’s pages alone', () => {
  const admission = admit({ method: 'GET', url: new URL('http://x/?token=right'), headers: { host } }, access);
  expect(admission).toMatchObject({ cookie: 'klab-watch-4000=right; Path=/; HttpOnly; SameSite=Strict' });
});

test('tokens are long, and each is another', () => {
  expect(newToken()).toMatch(/^[\w-]{32}$/);
  expect(newToken()).not.toBe(newToken());
});
