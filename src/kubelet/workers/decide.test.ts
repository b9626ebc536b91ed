import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import type { ObservedPod } from '../observed.ts';
import {
  aContainer,
  aPod,
  aSandbox,
  aSeen,
  aSeenPod,
  created,
  deleted,
  exited,
  noon,
  running,
  unknown,
} from '../test-builders.ts';
import { type DecisionInputs, decidePodActions } from './decide.ts';
import { calm, decide, nothing, two, withInit } from './decide-builders.ts';

test.each<[string, Pod, ObservedPod, string[]]>([
  ['a new pod', aPod(two), nothing, ['createSandbox', 'startContainer a', 'startContainer b']],
  ['a new pod with init containers', aPod(withInit), nothing, ['createSandbox', 'startContainer one']],
  ['a sandbox is there, no container yet', aPod(), aSeenPod(), ['startContainer main']],
  ['all is as it should be', aPod(), aSeenPod([aSeen('main', running)]), []],
  ['one of two runs', aPod(two), aSeenPod([aSeen('a', running)]), ['startContainer b']],
  ['a container that never got off the ground', aPod(), aSeenPod([aSeen('main', created)]), ['startContainer main']],
  [
    'a container of unknown state is killed before it starts anew',
    aPod(),
    aSeenPod([aSeen('main', unknown)]),
    ['killContainer main', 'startContainer main'],
  ],
])('%s', (_name, pod, seen, actions) => {
  expect(decide(pod, seen)).toEqual(actions);
});

test.each<[string, ObservedPod, string[]]>([
  [
    'not ready',
    aSeenPod([aSeen('main', exited(0))], { sandboxes: [aSandbox({ ready: false })] }),
    ['killPod', 'createSandbox', 'startContainer main'],
  ],
  [
    'two ready ones',
    aSeenPod([aSeen('main', running)], { sandboxes: [aSandbox({ id: 's1', attempt: 1 }), aSandbox()] }),
    ['killPod', 'createSandbox', 'startContainer main'],
  ],
  [
    'no address',
    aSeenPod([], { sandboxes: [aSandbox({ ips: [] })], ips: [] }),
    ['killPod', 'createSandbox', 'startContainer main'],
  ],
  [
    'the host’s network',
    aSeenPod([], { sandboxes: [aSandbox({ networkMode: 'node' })] }),
    ['killPod', 'createSandbox', 'startContainer main'],
  ],
])('a sandbox that will not do is replaced: %s', (_name, seen, actions) => {
  expect(decide(aPod(), seen)).toEqual(actions);
});

test('the new sandbox counts on from the old one', () => {
  const seen = aSeenPod([], { sandboxes: [aSandbox({ attempt: 3, ready: false })] });
  expect(decidePodActions(aPod(), seen, calm)).toContainEqual({
    kind: 'createSandbox',
    attempt: 4,
    replaces: 'sandbox-0',
    because: 'pod sandbox is not ready',
  });
});

const gone = { sandboxes: [aSandbox({ ready: false })] };

test.each<[string, Pod, ObservedPod, string[]]>([
  ['Never, and it has run', aPod({ restartPolicy: 'Never' }), aSeenPod([aSeen('main', exited(1))], gone), []],
  [
    'Never, and nothing ever ran',
    aPod({ restartPolicy: 'Never' }),
    aSeenPod([], gone),
    ['killPod', 'createSandbox', 'startContainer main'],
  ],
  ['OnFailure, all succeeded', aPod({ restartPolicy: 'OnFailure' }), aSeenPod([aSeen('main', exited(0))], gone), []],
  [
    'OnFailure, one failed: only that one runs again',
    aPod({ ...two, restartPolicy: 'OnFailure' }),
    aSeenPod([aSeen('a', exited(0)), aSeen('b', exited(1))], gone),
    ['killPod', 'createSandbox', 'startContainer b'],
  ],
  [
    'init containers run again, their old ones are removed',
    aPod(withInit),
    aSeenPod([aSeen('main', exited(0)), aSeen('two', exited(0)), aSeen('one', exited(0))], gone),
    ['killPod', 'removeContainer two', 'removeContainer one', 'createSandbox', 'startContainer one'],
  ],
])('when the sandbox is lost: %s', (_name, pod, seen, actions) => {
  expect(decide(pod, seen)).toEqual(actions);
});

test.each<[string, Partial<NonNullable<Pod['spec']>>, number, string[]]>([
  ['Always, exited 0', { restartPolicy: 'Always' }, 0, ['startContainer main']],
  ['OnFailure, exited 0', { restartPolicy: 'OnFailure' }, 0, ['killPod']],
  ['OnFailure, exited 1', { restartPolicy: 'OnFailure' }, 1, ['startContainer main']],
  ['Never, exited 1', { restartPolicy: 'Never' }, 1, ['killPod']],
  [
    'Never, but the container says OnFailure',
    { restartPolicy: 'Never', containers: [aContainer('main', { restartPolicy: 'OnFailure' })] },
    1,
    ['startContainer main'],
  ],
  [
    'Never, but a rule of the container names the exit code',
    {
      restartPolicy: 'Never',
      containers: [
        aContainer('main', {
          restartPolicy: 'Never',
          restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
        }),
      ],
    },
    42,
    ['startContainer main'],
  ],
  [
    'a rule that names other exit codes',
    {
      restartPolicy: 'Never',
      containers: [
        aContainer('main', {
          restartPolicy: 'Never',
          restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'NotIn', values: [42] } }],
        }),
      ],
    },
    42,
    ['killPod'],
  ],
])('restart policy: %s', (_name, spec, exitCode, actions) => {
  expect(decide(aPod(spec), aSeenPod([aSeen('main', exited(exitCode))]))).toEqual(actions);
});

test('a deleted pod’s containers do not come back', () => {
  expect(decide(deleted(aPod()), aSeenPod([aSeen('main', exited(1))]))).toEqual(['killPod']);
});

test('one container that has done its work does not end the other', () => {
  const pod = aPod({ ...two, restartPolicy: 'Never' });
  expect(decide(pod, aSeenPod([aSeen('a', exited(0)), aSeen('b', running)]))).toEqual([]);
});

test('a pod whose sandbox is stopped already is not stopped again', () => {
  const seen = aSeenPod([aSeen('main', exited(0))], gone);
  expect(decide(aPod({ restartPolicy: 'OnFailure' }), seen)).toEqual([]);
});

test('a container whose wait is not over backs off, and says until when', () => {
  const retryOf = () => ({ at: noon + 9000, delayMs: 10_000 });
  const actions = decidePodActions(aPod(), aSeenPod([aSeen('main', exited(1))]), { ...calm, retryOf });
  expect(actions).toEqual([
    {
      kind: 'backOff',
      list: 'containers',
      container: 'main',
      delayMs: 10_000,
      until: noon + 9000,
      because: 'it exited with 1',
    },
  ]);
});

test('a wait that is over is a restart', () => {
  const retryOf = () => ({ at: noon, delayMs: 10_000 });
  const [action] = decidePodActions(aPod(), aSeenPod([aSeen('main', exited(1))]), { ...calm, retryOf });
  expect(action).toMatchObject({ kind: 'startContainer', restart: true });
});

test.each<[string, Partial<DecisionInputs>, Pod, string[]]>([
  ['liveness failed', { liveness: () => 'failure' }, aPod(), ['killContainer main', 'startContainer main']],
  ['startup failed', { startup: () => 'failure' }, aPod(), ['killContainer main', 'startContainer main']],
  [
    'its image changed',
    {},
    aPod({ containers: [aContainer('main', { image: 'busybox:2' })] }),
    ['killContainer main', 'startContainer main'],
  ],
  [
    'only its environment changed',
    {},
    aPod({ containers: [aContainer('main', { env: [{ name: 'A', value: 'b' }] })] }),
    [],
  ],
  ['liveness failed under Never', { liveness: () => 'failure' }, aPod({ restartPolicy: 'Never' }), ['killPod']],
])('a running container is killed: %s', (_name, inputs, pod, actions) => {
  expect(decide(pod, aSeenPod([aSeen('main', running)]), inputs)).toEqual(actions);
});

test('the Killing event says why, and that it comes back', () => {
  const [kill] = decidePodActions(aPod(), aSeenPod([aSeen('main', running)]), { ...calm, liveness: () => 'failure' });
  expect(kill).toMatchObject({ message: 'Container main failed liveness probe, will be restarted', probe: 'liveness' });
});

test('ephemeral containers start at any time, and once', () => {
  const pod = aPod({ ...withInit, ephemeralContainers: [aContainer('debug'), aContainer('old')] });
  const seen = aSeenPod([aSeen('one', running), aSeen('old', exited(1))]);
  expect(decide(pod, seen)).toEqual(['startContainer debug']);
});

test('a rule that restarts all containers clears them, the one that asked last', () => {
  const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [9] } }];
  const pod = aPod({
    containers: [aContainer('a', { restartPolicy: 'Never', restartPolicyRules: rules }), aContainer('b')],
  });
  const seen = aSeenPod([aSeen('a', exited(9)), aSeen('b', running)]);
  expect(decidePodActions(pod, seen, { ...calm, restartingAll: true })).toMatchObject([
    { kind: 'resetContainer', container: 'b', running: true },
    { kind: 'resetContainer', container: 'a', running: false },
  ]);
});
