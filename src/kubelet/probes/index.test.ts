import { expect, test, vi } from 'vitest';
import type { Container, PodStatus } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import type { ObservedContainerState } from '../observed.ts';
import { aContainer, aPod, aSeen, aSeenPod, noon } from '../test-builders.ts';
import { probeManager } from './index.ts';

const seconds = 1000;
const younger: ObservedContainerState = { state: 'running', startedAt: noon };
const older: ObservedContainerState = { state: 'running', startedAt: noon - 60 * seconds };
const probe = (command: string) => ({ exec: { command: [command] }, periodSeconds: 10, failureThreshold: 2 });

/** A kubelet that started at noon, with one pod; `exits`: what its commands exit with. */
function aManager(
  container: Partial<Container>,
  { status, exits = {} }: { status?: PodStatus; exits?: Record<string, number> } = {},
) {
  const clock = new FakeClock(noon);
  const journal = memoryJournal();
  const pod = aPod({ containers: [aContainer('main', container)] });
  const asked: string[] = [];
  let seen = aSeenPod([]);
  const probes = probeManager({
    runtime: {
      async execSync(_id, [command = '']) {
        asked.push(command);
        return { exitCode: exits[command] ?? 0, stdout: new Uint8Array(), stderr: new Uint8Array() };
      },
    },
    cache: { get: () => seen },
    statusOf: () => status,
    clock,
    journal,
    userAgent: 'kube-probe/1.37',
    random: () => 0,
  });
  const run = (state: ObservedContainerState) => {
    seen = aSeenPod([aSeen('main', state)]);
  };
  return { clock, journal, pod, asked, probes, run };
}

test('a container that has just started is asked for its readiness as soon as somebody wants to know', async () => {
  const { clock, pod, asked, probes, run } = aManager({ readinessProbe: probe('ready?') });
  probes.addPod(pod);
  await clock.advance(seconds);
  run(younger);
  expect(asked).toEqual([]);
  probes.hastenReadiness('uid-1', 'main');
  await clock.advance(0);
  expect(asked).toEqual(['ready?']);
  expect(probes.readiness('main-0')).toBe('success');
});

const started = (value: boolean): PodStatus => ({
  containerStatuses: [
    {
      name: 'main',
      image: '',
      imageID: '',
      ready: true,
      restartCount: 0,
      started: value,
      containerID: 'containerd://main-0',
    },
  ],
});

test.each([
  ['that had started is not asked again whether it has', started(true), ['alive?'], 'success'],
  ['that had not is', started(false), ['started?'], 'unknown'],
] as const)('after a restart of the kubelet a container %s', async (_name, status, expected, result) => {
  const container = { startupProbe: probe('started?'), livenessProbe: probe('alive?') };
  const { clock, pod, asked, probes, run } = aManager(container, { status, exits: { 'started?': 1 } });
  run(older);
  probes.addPod(pod);
  await clock.advance(seconds);
  expect(asked).toEqual(expected);
  expect(probes.startup('main-0')).toBe(result);
});

test('after a restart of the kubelet one failure of two says nothing yet', async () => {
  const { clock, pod, probes, run } = aManager({ readinessProbe: probe('ready?') }, { exits: { 'ready?': 1 } });
  run(older);
  probes.addPod(pod);
  await clock.advance(seconds);
  expect(probes.readiness('main-0')).toBe('unknown');
  await clock.advance(10 * seconds);
  expect(probes.readiness('main-0')).toBe('failure');
});

test('a pod on the host’s network is asked at the address that its status has', async () => {
  const container = { readinessProbe: { tcpSocket: { port: 1 } } };
  const { journal, pod, probes, run } = aManager(container, { status: { podIP: '127.0.0.1' } });
  run(younger);
  probes.addPod(pod);
  await vi.waitFor(() =>
    expect(journal.records.find(({ kind }) => kind === 'probe.attempted')).toMatchObject({
      outcome: { kind: 'failure', output: 'dial tcp 127.0.0.1:1: connect: connection refused' },
    }),
  );
});

test('when the pod has ended, so have its probes', async () => {
  const { clock, journal, pod, probes, run } = aManager({ livenessProbe: probe('a'), readinessProbe: probe('b') });
  run(younger);
  probes.addPod(pod);
  await clock.advance(0);
  const ended = () => journal.records.flatMap((record) => (record.kind === 'probe.ended' ? [record.probe] : []));
  probes.stopLivenessAndStartup(pod);
  await clock.advance(0);
  expect(ended()).toEqual(['liveness']);
  probes.removePod('uid-1');
  await clock.advance(0);
  expect(ended()).toEqual(['liveness', 'readiness']);
});
