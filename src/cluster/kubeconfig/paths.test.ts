import { expect, test } from 'vitest';
import { kubeconfigPaths, kubeconfigToWrite } from './paths.ts';

const at = { home: '/home/me', cwd: '/here' };

test.each([
  ['the flag beats all', { flag: 'mine', env: '/a:/b' }, ['/here/mine']],
  ['$KUBECONFIG lists files', { env: '/a::b:/a' }, ['/a', '/here/b']],
  ['an empty $KUBECONFIG is none', { env: '' }, ['/home/me/.kube/config']],
  ['nothing said', {}, ['/home/me/.kube/config']],
])('%s', (_name, said, want) => {
  expect(kubeconfigPaths({ ...at, ...said })).toEqual(want);
});

test.each([
  ['the first that exists', ['/a', '/b', '/c'], ['/b', '/c'], '/b'],
  ['none exists: the last', ['/a', '/b'], [], '/b'],
])('writes to %s', (_name, paths, existing, want) => {
  expect(kubeconfigToWrite(paths, (path) => existing.includes(path))).toBe(want);
});
