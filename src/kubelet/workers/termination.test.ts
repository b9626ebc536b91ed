import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import type { CriRuntime } from '../../cri/port.ts';
import { memoryJournal, projectionOf } from '../../journal/journal.ts';
import { aContainer, aPod, aSeen, aSeenPod, aSidecar, deleted, exited, running } from '../test-builders.ts';
import { computeEffectiveGrace } from './grace.ts';
import { computeStopSpec, createTerminator, mustEndBefore, type StopOptions } from './termination.ts';

const grace = (seconds: number | undefined): Pod =>
  aPod(seconds === undefined ? {} : { terminationGracePeriodSeconds: seconds });

test.each<[string, Pod | undefined, number | undefined, number | undefined, number]>([
  ['the spec’s', grace(30), undefined, undefined, 30],
  ['the deletion’s before the spec’s', deleted(grace(30), 5), undefined, undefined, 5],
  ['an eviction’s, when shorter', deleted(grace(30), 20), undefined, 3, 3],
  ['an eviction’s does not lengthen the deletion’s', deleted(grace(30), 5), undefined, 60, 5],
  ['it never grows again', deleted(grace(30), 20), 4, undefined, 4],
  ['it may shrink', deleted(grace(30), 2), 20, undefined, 2],
  ['never below one second', deleted(grace(30), 0), undefined, undefined, 1],
  ['without a spec', undefined, undefined, undefined, 1],
])('a pod’s grace period is %s', (_name, pod, before, override, seconds) => {
  expect(computeEffectiveGrace(pod, before, override)).toBe(seconds);
});

const liveness = { livenessProbe: { terminationGracePeriodSeconds: 7 } };
const probed = aPod({ containers: [aContainer('main', liveness)], terminationGracePeriodSeconds: 30 });
const seen = aSeen('main', running);

test.each<[string, Pod, StopOptions, number]>([
  ['the pod’s', probed, {}, 30],
  ['the probe’s, when it kills', probed, { probe: 'liveness' }, 7],
  ['the deletion’s before the probe’s', deleted(probed, 12), { probe: 'liveness' }, 12],
  ['the caller’s before all', deleted(probed, 12), { graceOverride: 3 }, 3],
  ['two seconds when nobody says', aPod(), {}, 2],
])('a container’s grace period is %s', (_name, pod, options, seconds) => {
  expect(computeStopSpec(pod, seen, options).graceSeconds).toBe(seconds);
});

test('when the spec is gone, the container’s own annotations say how to stop it', () => {
  const annotations = {
    'io.kubernetes.pod.terminationGracePeriod': '45',
    'io.kubernetes.container.preStopHandler': '{"exec":{"command":["bye"]}}',
    'io.kubernetes.container.ports': '[{"name":"http","containerPort":80}]',
  };
  expect(computeStopSpec(undefined, aSeen('main', running, { annotations }), {})).toEqual({
    graceSeconds: 45,
    preStop: { exec: { command: ['bye'] } },
    ports: [{ name: 'http', containerPort: 80 }],
  });
});

const withSidecars = aPod({
  initContainers: [aContainer('init'), aSidecar('log'), aSidecar('proxy')],
  containers: [aContainer('a'), aContainer('b')],
  terminationGracePeriodSeconds: 10,
});

test.each([
  ['a', []],
  ['proxy', ['a', 'b']],
  ['log', ['proxy', 'a', 'b']],
])('%s is told to stop after %j', (container, before) => {
  expect(mustEndBefore(withSidecars, container)).toEqual(before);
});

/** A runtime whose containers take their time to stop. */
function aSlowRuntime(stopMs: number) {
  const clock = new FakeClock();
  const calls: string[] = [];
  const start = clock.now();
  const at = () => (clock.now() - start) / 1000;
  const cri: Pick<CriRuntime, 'stopContainer' | 'stopPodSandbox' | 'execSync'> = {
    async stopContainer(id, graceSeconds) {
      calls.push(`${at()}s stop ${id} within ${graceSeconds}`);
      await clock.sleep(Math.min(stopMs, graceSeconds * 1000));
    },
    async stopPodSandbox(id) {
      calls.push(`${at()}s stop ${id}`);
    },
    async execSync(_id, command, _timeout, options) {
      calls.push(`${at()}s exec ${command.join(' ')}`);
      if (command[0] === 'sleep') await clock.sleep(Number(command[1]) * 1000, options?.signal);
      return { stdout: new Uint8Array(), stderr: Buffer.from('no'), exitCode: command[0] === 'false' ? 1 : 0 };
    },
  };
  const journal = memoryJournal();
  return { clock, calls, journal, terminator: createTerminator({ cri, clock, journal, version: '1.37' }) };
}

const never = new AbortController().signal;

test('regular containers stop side by side, then sidecars from the last to the first, then the sandbox', async () => {
  const { clock, calls, terminator } = aSlowRuntime(1000);
  const pod = aSeenPod(['a', 'b', 'log', 'proxy'].map((name) => aSeen(name, running)));
  const done = terminator.stopPod(withSidecars, pod, {}, never);
  await clock.advance(5000);
  await done;
  expect(calls).toEqual([
    '0s stop a-0 within 10',
    '0s stop b-0 within 10',
    '1s stop proxy-0 within 9',
    '2s stop log-0 within 8',
    '3s stop sandbox-0',
  ]);
});

test('when the grace period runs out nobody waits for his turn any more', async () => {
  const { clock, calls, terminator } = aSlowRuntime(60_000);
  const pod = aSeenPod(['a', 'log'].map((name) => aSeen(name, running)));
  const done = terminator.stopPod(withSidecars, pod, {}, never);
  await clock.advance(20_000);
  await done;
  expect(calls).toEqual(['0s stop a-0 within 10', '10s stop log-0 within 2', '12s stop sandbox-0']);
});

const withPreStop = (command: string[]): Pod =>
  aPod({
    containers: [aContainer('main', { lifecycle: { preStop: { exec: { command } } } })],
    terminationGracePeriodSeconds: 10,
  });

test.each([
  ['its time is taken from the grace period', ['sleep', '4'], {}, ['0s exec sleep 4', '4s stop main-0 within 6']],
  ['it may not take more than that', ['sleep', '60'], {}, ['0s exec sleep 60', '10s stop main-0 within 2']],
  [
    'a second that was only begun is not taken',
    ['sleep', '0.4'],
    {},
    ['0s exec sleep 0.4', '0.4s stop main-0 within 10'],
  ],
  ['its failure changes nothing', ['false'], {}, ['0s exec false', '0s stop main-0 within 10']],
  ['it does not run when there is no time', ['sleep', '4'], { graceOverride: 0 }, ['0s stop main-0 within 2']],
])('preStop: %s', async (_name, command, options, wanted) => {
  const { clock, calls, terminator } = aSlowRuntime(0);
  const done = terminator.stopPod(withPreStop(command), aSeenPod([aSeen('main', running)]), options, never);
  await clock.advance(60_000);
  await done;
  expect(calls).toEqual([...wanted, expect.stringContaining('stop sandbox-0')]);
});

test('a preStop that sleeps longer than there is time has not failed', async () => {
  const { clock, calls, journal, terminator } = aSlowRuntime(0);
  const lifecycle = { preStop: { sleep: { seconds: 30 } } };
  const pod = aPod({ containers: [aContainer('main', { lifecycle })], terminationGracePeriodSeconds: 3 });
  const done = terminator.stopPod(pod, aSeenPod([aSeen('main', running)]), {}, never);
  await clock.advance(60_000);
  await done;
  expect(calls[0]).toBe('3s stop main-0 within 2');
  expect(journal.records.map(({ kind }) => kind)).not.toContain('pod.hookFailed');
});

test('what is killed without its spec is said too, where the annotations tell whose it is', async () => {
  const { clock, journal, terminator } = aSlowRuntime(0);
  const done = terminator.stopPod(undefined, aSeenPod([aSeen('main', running)]), { graceOverride: 1 }, never);
  await clock.advance(1000);
  await done;
  const [event] = journal.records.flatMap((record) => projectionOf(record).event?.(record) ?? []);
  expect(event).toMatchObject({
    object: { kind: 'Pod', name: 'web', namespace: 'default', fieldPath: 'implicitly required container main' },
    reason: 'Killing',
    message: 'Stopping container main',
  });
});

test('containers that have ended are left alone', async () => {
  const { calls, terminator } = aSlowRuntime(0);
  await terminator.stopPod(aPod(), aSeenPod([aSeen('main', exited(0))]), {}, never);
  expect(calls).toEqual(['0s stop sandbox-0']);
});
