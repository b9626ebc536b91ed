import { expect, test } from 'vitest';
import type { ObservedPod } from '../observed.ts';
import { aContainer, aPod, aSeen, aSeenPod, aSidecar, exited, running } from '../test-builders.ts';
import { type DecisionInputs, decidePodActions } from './decide.ts';
import { calm, decide, withInit, withSidecar } from './decide-builders.ts';

test.each<[string, ObservedPod, string[]]>([
  ['the first runs: wait', aSeenPod([aSeen('one', running)]), []],
  ['the first is done: the next', aSeenPod([aSeen('one', exited(0))]), ['startContainer two']],
  [
    'the second is done: the regular ones',
    aSeenPod([aSeen('two', exited(0)), aSeen('one', exited(0))]),
    ['startContainer main'],
  ],
  [
    'the second is done and the first is gone from the runtime',
    aSeenPod([aSeen('two', exited(0))]),
    ['startContainer main'],
  ],
  ['the first failed: again', aSeenPod([aSeen('one', exited(1))]), ['startContainer one']],
  ['a regular one runs and all init containers are gone', aSeenPod([aSeen('main', running)]), []],
])('init containers, one after another: %s', (_name, seen, actions) => {
  expect(decide(aPod(withInit), seen)).toEqual(actions);
});

test('an init container that failed under Never ends the pod', () => {
  const pod = aPod({ ...withInit, restartPolicy: 'Never' });
  expect(decide(pod, aSeenPod([aSeen('one', exited(1))]))).toEqual(['killPod']);
});

test('of an init container’s past only the newest stays', () => {
  const past = [aSeen('one', exited(1), { id: 'one-2' }), aSeen('one', exited(1), { id: 'one-1' })];
  expect(decidePodActions(aPod(withInit), aSeenPod(past), calm)).toEqual([
    { kind: 'removeContainer', id: 'one-1', container: 'one', because: 'a newer one is known' },
    expect.objectContaining({ kind: 'startContainer', container: 'one' }),
  ]);
});

const startupProbe = { startupProbe: { exec: { command: ['true'] } } };

test.each<[string, ObservedPod, Partial<DecisionInputs>, string[]]>([
  [
    'the sidecar is up: the next init container',
    aSeenPod([aSeen('side', running), aSeen('one', exited(0))]),
    {},
    ['startContainer two'],
  ],
  [
    'its startup probe has not spoken: wait',
    aSeenPod([aSeen('side', running), aSeen('one', exited(0))]),
    { startup: () => 'unknown' },
    [],
  ],
  [
    'its startup probe failed: again',
    aSeenPod([aSeen('side', running), aSeen('one', exited(0))]),
    { startup: () => 'failure' },
    ['killContainer side', 'startContainer side'],
  ],
  [
    'it exited while regular containers run: again',
    aSeenPod([aSeen('main', running), aSeen('two', exited(0)), aSeen('side', exited(0)), aSeen('one', exited(0))]),
    {},
    ['startContainer side'],
  ],
  [
    'it exited while a later init container runs: again',
    aSeenPod([aSeen('two', running), aSeen('side', exited(1)), aSeen('one', exited(0))]),
    {},
    ['startContainer side'],
  ],
])('sidecars: %s', (_name, seen, inputs, actions) => {
  const spec = {
    ...withSidecar,
    initContainers: [aContainer('one'), aSidecar('side', startupProbe), aContainer('two')],
  };
  expect(decide(aPod(spec), seen, inputs)).toEqual(actions);
});

test('a sidecar does not keep a pod alive whose regular containers are done', () => {
  const pod = aPod({ ...withSidecar, restartPolicy: 'Never' });
  const seen = aSeenPod([
    aSeen('main', exited(0)),
    aSeen('two', exited(0)),
    aSeen('side', running),
    aSeen('one', exited(0)),
  ]);
  expect(decide(pod, seen)).toEqual(['killPod']);
});
