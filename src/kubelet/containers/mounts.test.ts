import { describe, expect, test } from 'vitest';
import type { VolumeMount } from '../../api/types.ts';
import { decideRecursiveReadOnly } from './recursive-read-only.ts';
import { expandSubPath } from './sub-path.ts';

const aMount = (more: Partial<VolumeMount>): VolumeMount => ({ name: 'v', mountPath: '/v', ...more });

describe('decideRecursiveReadOnly', () => {
  test.each<[Partial<VolumeMount>, boolean, boolean]>([
    [{}, true, false],
    [{ readOnly: true }, true, false],
    [{ readOnly: true, recursiveReadOnly: 'Disabled' }, true, false],
    [{ readOnly: true, recursiveReadOnly: 'IfPossible' }, true, true],
    [{ readOnly: true, recursiveReadOnly: 'IfPossible' }, false, false],
    [{ readOnly: true, recursiveReadOnly: 'Enabled', mountPropagation: 'None' }, true, true],
  ])('%j, supported: %s → %s', (mount, supported, expected) =>
    expect(decideRecursiveReadOnly(aMount(mount), supported)).toBe(expected),
  );

  test.each<[Partial<VolumeMount>, string]>([
    [{ recursiveReadOnly: 'Enabled' }, 'but it is not read-only'],
    [
      { readOnly: true, recursiveReadOnly: 'Enabled', mountPropagation: 'HostToContainer' },
      'but it is not compatible with propagation "HostToContainer"',
    ],
    [{ readOnly: true, recursiveReadOnly: 'Enabled' }, 'but it is not supported by the runtime'],
  ])('%j is refused', (mount, problem) =>
    expect(() => decideRecursiveReadOnly(aMount(mount), false)).toThrow(
      `failed to resolve recursive read-only mode: volume "v" requested recursive read-only mode, ${problem}`,
    ),
  );
});

describe('expandSubPath', () => {
  const environment = [{ key: 'NAME', value: 'web' }];
  test.each<[Partial<VolumeMount>, string | undefined]>([
    [{}, undefined],
    [{ subPath: 'a/b' }, 'a/b'],
    [{ subPath: '$(NAME)' }, '$(NAME)'],
    [{ subPathExpr: 'logs/$(NAME)' }, 'logs/web'],
    [{ subPathExpr: '$$(NAME)' }, '$(NAME)'],
  ])('%j → %s', (mount, expected) => expect(expandSubPath(aMount(mount), environment)).toBe(expected));

  test.each<[Partial<VolumeMount>, string]>([
    [{ subPathExpr: '$(NONE)/x' }, 'missing value for NONE'],
    [{ subPath: '/etc' }, 'error SubPath `/etc` must not be an absolute path'],
    [{ subPath: 'a/../../b' }, "unable to provision SubPath `a/../../b`: must not contain '..'"],
  ])('%j is refused', (mount, problem) => expect(() => expandSubPath(aMount(mount), environment)).toThrow(problem));
});
