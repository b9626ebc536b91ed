import { expect, test } from 'vitest';
import { KlabError } from '../base/errors.ts';
import { asPartFailure, partFailed } from './errors.ts';

test.each([
  ['a full disk', 'write /out/kubectl: no space left on device', 'KLAB_CACHE_DIR'],
  ['no module proxy', 'Get "https://modules.example/x": dial tcp: connection refused', 'go env GOPROXY'],
  ['no package mirror', 'E: Failed getting release file http://packages.example/debian', 'mirror'],
])('%s has a hint of its own', (_name, output, hint) => {
  expect(partFailed('etcd', 'it failed', output).hint).toContain(hint);
});

test('a failure keeps the end of what was printed', () => {
  const output = Array.from({ length: 100 }, (_, i) => `line ${i}`).join('\n');
  const error = partFailed('etcd', 'go build failed', output);
  expect(error.message).toBe('the node image\'s part "etcd" failed: go build failed');
  expect(error.output?.split('\n')).toHaveLength(30);
  expect(error.output).toMatch(/line 99$/);
  expect(error.hint).toBeUndefined();
});

test('whatever is thrown names the part, with its cause and a hint', () => {
  const cause = new Error('copyfile: ENOSPC');
  const error = asPartFailure(
    'nodejs',
    new KlabError('ENGINE_FAILED', 'cannot commit', { cause, hint: 'see `docker info`' }),
  );
  expect(error.message).toContain('"nodejs" failed: cannot commit');
  expect(error.output).toBe('copyfile: ENOSPC');
  expect(error.hint).toContain('free some disk space');
});

test('an error that says what to do is not wrapped', () => {
  const error = new KlabError('ENGINE_NOT_RUNNING', 'no Docker engine answers', { hint: 'start Docker' });
  expect(asPartFailure('nodejs', error)).toBe(error);
});
