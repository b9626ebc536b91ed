import { describe, expect, test } from 'vitest';
import { findRoute, matchPath, metricPath, type Route, requestUrl } from './router.ts';

describe('matchPath', () => {
  test.each<[string, string, Readonly<Record<string, string>> | undefined]>([
    ['/pods', '/pods', {}],
    ['/pods', '/pods/', undefined],
    ['/pods', '/podsome', undefined],
    ['/exec/{namespace}/{pod}', '/exec/a/b', { namespace: 'a', pod: 'b' }],
    ['/exec/{namespace}/{pod}', '/exec/a', undefined],
    ['/exec/{namespace}/{pod}', '/exec/a/', undefined],
    ['/exec/{namespace}/{pod}', '/exec/a/b/c', undefined],
    ['/exec/{namespace}/{pod}', '/exec/a/b%20c', { namespace: 'a', pod: 'b c' }],
    ['/exec/{namespace}/{pod}', '/exec/a/%zz', undefined],
    ['/logs/*', '/logs/', { rest: '' }],
    ['/logs/*', '/logs/pods/a.log', { rest: 'pods/a.log' }],
    ['/logs/*', '/logs', undefined],
  ])('%s and %s', (pattern, path, expected) => expect(matchPath(pattern, path)).toEqual(expected));
});

const route = (path: string): Route => ({ path, handle: () => undefined });
const routes = [route('/metrics'), route('/metrics/cadvisor'), route('/exec/{namespace}/{pod}'), route('/logs/*')];

test('the first route that fits is taken', () => {
  const first = route('/{any}');
  expect(findRoute([first, ...routes], '/metrics')?.route).toBe(first);
  expect(findRoute(routes, '/nothing')).toBeUndefined();
});

test.each([
  ['/metrics', 'metrics'],
  ['/metrics/cadvisor', 'metrics/cadvisor'],
  ['/exec/default/web', 'exec'],
  ['/logs/pods/a.log', 'logs'],
  ['/made/up/by/someone', 'other'],
])('%s is measured as %s', (path, expected) => expect(metricPath(routes, path)).toBe(expected));

test.each([
  ['/pods', '/pods', ''],
  ['/exec/a/b/c?command=ls&command=%2F', '/exec/a/b/c', '?command=ls&command=%2F'],
  ['/logs/a?b?c', '/logs/a', '?b?c'],
  ['//[', '//[', ''],
  ['//elsewhere/pods', '//elsewhere/pods', ''],
  ['http://[/pods', '/http://[/pods', ''],
  ['*', '/*', ''],
  ['', '/', ''],
  ['/pods/../exec/a', '/exec/a', ''],
])('%s asks for %s', (target, path, query) => {
  const { pathname, search } = requestUrl(target);
  expect([pathname, search]).toEqual([path, query]);
});
