import { expect, test } from 'vitest';
import { requestTarget } from './request-target.ts';

test.each([
  ['/healthz', '/healthz', '/healthz'],
  ['', '/', ''],
  ['healthz', '/healthz', '/healthz'],
  ['?a=b', '/?a=b', '?a=b'],
  ['/a b?c=d', '/a%20b?c=d', '/a%20b?c=d'],
  ['/a/../b', '/a/../b', '/a/../b'],
  ['/a%2Fb', '/a%2Fb', '/a%2Fb'],
  ['/%zz', '/%25zz', '/%25zz'],
  ['/ä', '/%C3%A4', '/%C3%A4'],
  ['//elsewhere.test/b', '/b', '/b'],
  ['http://elsewhere.test/b', '/b', '/b'],
  ['/a#b', '/a', '/a'],
])('httpGet path %j asks for %s', (httpPath, path, text) => {
  expect(requestTarget('http', '10.0.0.1', 80, httpPath)).toMatchObject({
    path,
    authority: '10.0.0.1:80',
    text: `http://10.0.0.1:80${text}`,
  });
});

test('an IPv6 address has brackets where a port follows', () => {
  expect(requestTarget('https', 'fd00::1', 443, '/')).toMatchObject({
    host: 'fd00::1',
    authority: '[fd00::1]:443',
    text: 'https://[fd00::1]:443/',
  });
});
