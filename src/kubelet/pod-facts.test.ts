import { describe, expect, test } from 'vitest';
import { containerReference, isCriticalPod, listContainers, mirroredStatus } from './pod-facts.ts';
import { aContainer, aPod } from './test-builders.ts';

describe('what the API last heard of a static pod', () => {
  const annotated = (key: string, hash: string) => aPod({}, { annotations: { [`kubernetes.io/config.${key}`]: hash } });
  const pod = annotated('hash', 'h1');
  const status = { phase: 'Running' };
  test('is what its mirror says', () =>
    expect(mirroredStatus({ ...annotated('mirror', 'h1'), status }, pod)).toBe(status));
  test('is not what the mirror of an earlier manifest says', () =>
    expect(mirroredStatus({ ...annotated('mirror', 'h0'), status }, pod)).toBeUndefined());
  test('is nothing without a mirror', () => expect(mirroredStatus(undefined, pod)).toBeUndefined());
});

const full = aPod({
  initContainers: [aContainer('init')],
  ephemeralContainers: [{ name: 'debug' }],
});

test('containers come in the order of the lists', () =>
  expect(listContainers(full).map(({ list, container }) => [list, container.name])).toEqual([
    ['initContainers', 'init'],
    ['containers', 'main'],
    ['ephemeralContainers', 'debug'],
  ]));

test.each([
  ['init', 'spec.initContainers{init}'],
  ['main', 'spec.containers{main}'],
  ['debug', 'spec.ephemeralContainers{debug}'],
  ['nobody', undefined],
])('an Event about %s points at %s', (name, fieldPath) =>
  expect(containerReference(full, name).fieldPath).toBe(fieldPath),
);

test.each<[string, Parameters<typeof aPod>, boolean]>([
  ['a plain pod', [], false],
  ['a static pod', [{}, { annotations: { 'kubernetes.io/config.source': 'file' } }], true],
  ['a mirror', [{}, { annotations: { 'kubernetes.io/config.mirror': 'h' } }], true],
  ['a pod of the system', [{ priority: 2_000_000_000 }], true],
  ['a pod that is only important', [{ priority: 1_999_999_999 }], false],
])('%s is critical: %s', (_name, args, critical) => expect(isCriticalPod(aPod(...args))).toBe(critical));
