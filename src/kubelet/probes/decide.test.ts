import { describe, expect, test } from 'vitest';
import type { ObservedContainer } from '../observed.ts';
import {
  countOutcome,
  decideProbe,
  emptyMemory,
  type ProbeMemory,
  type ProbeOutcome,
  type ProbeSituation,
  rememberContainer,
} from './decide.ts';

const second = 1000;
const noon = Date.UTC(2026, 0, 1, 12);

const aContainer = (state: 'running' | 'exited' | 'created' = 'running'): ObservedContainer => {
  const facts = {
    id: 'c1',
    name: 'web',
    sandboxId: 's1',
    restartCount: 0,
    hash: '',
    image: '',
    imageRef: '',
    imageId: '',
    createdAt: noon,
    logPath: '',
    labels: {},
    annotations: {},
    resources: undefined,
    user: undefined,
  };
  if (state === 'running') return { ...facts, state, startedAt: noon };
  if (state === 'created') return { ...facts, state };
  return { ...facts, state, startedAt: noon, finishedAt: noon, exitCode: 0, reason: 'Completed', message: '' };
};

const aSituation = (overrides: Partial<ProbeSituation> = {}): ProbeSituation => ({
  kind: 'readiness',
  memory: { ...emptyMemory('readiness'), containerId: 'c1' },
  container: aContainer(),
  started: true,
  initialDelayMs: 0,
  now: noon + 60 * second,
  ...overrides,
});

describe('decideProbe', () => {
  test.each<[string, Partial<ProbeSituation>, string]>([
    ['a running container is probed', {}, 'probe'],
    ['a container that was not created yet is skipped', { container: undefined }, 'skip'],
    ['readiness of an exited container has failed', { container: aContainer('exited') }, 'settle'],
    ['liveness of an exited container is skipped', { kind: 'liveness', container: aContainer('exited') }, 'skip'],
    [
      'a created container is not running either',
      { kind: 'startup', container: aContainer('created'), started: false },
      'skip',
    ],
    ['within the initial delay nothing is asked', { initialDelayMs: 61 * second }, 'skip'],
    ['at the end of the initial delay it is', { initialDelayMs: 60 * second }, 'probe'],
    ['liveness waits for the startup probe', { kind: 'liveness', started: false }, 'skip'],
    ['readiness waits for the startup probe', { started: false }, 'skip'],
    ['a startup probe that passed is not asked again', { kind: 'startup', started: true }, 'skip'],
    ['a startup probe that has not passed is', { kind: 'startup', started: false }, 'probe'],
    ['on hold nothing is asked', { memory: { ...emptyMemory('liveness'), onHold: true } }, 'skip'],
  ])('%s', (_name, overrides, kind) => {
    expect(decideProbe(aSituation(overrides)).kind).toBe(kind);
  });
});

describe('countOutcome', () => {
  const success: ProbeOutcome = { kind: 'success' };
  const failure: ProbeOutcome = { kind: 'failure', output: 'no' };
  const error: ProbeOutcome = { kind: 'error', message: 'no handler' };
  const warning: ProbeOutcome = { kind: 'warning', output: 'redirect' };
  const settledAfter = (
    kind: 'liveness' | 'readiness' | 'startup',
    outcomes: ProbeOutcome[],
    thresholds = { success: 1, failure: 3 },
  ) =>
    outcomes.reduce<ProbeMemory>(
      (memory, outcome) => countOutcome(kind, memory, outcome, thresholds),
      emptyMemory(kind),
    );

  test.each<[string, ProbeMemory, Partial<ProbeMemory>]>([
    ['readiness: one success is ready', settledAfter('readiness', [success]), { settled: 'success', onHold: false }],
    [
      'readiness: two failures of three change nothing',
      settledAfter('readiness', [success, failure, failure]),
      { settled: 'success' },
    ],
    [
      'readiness: the third failure does',
      settledAfter('readiness', [success, failure, failure, failure]),
      { settled: 'failure', onHold: false },
    ],
    [
      'a success in between starts the count anew',
      settledAfter('liveness', [failure, failure, success, failure, failure]),
      { settled: 'success' },
    ],
    [
      'liveness: three failures put it on hold',
      settledAfter('liveness', [failure, failure, failure]),
      { settled: 'failure', onHold: true },
    ],
    [
      'startup: fails after its threshold',
      settledAfter('startup', [failure], { success: 1, failure: 1 }),
      { settled: 'failure', onHold: true },
    ],
    [
      'an error of the probe counts for nothing',
      settledAfter('liveness', [failure, failure, error]),
      { settled: 'success', run: 2 },
    ],
    ['a warning is a success', settledAfter('readiness', [warning]), { settled: 'success' }],
    [
      'readiness with successThreshold 2 waits for the second',
      settledAfter('readiness', [success], { success: 2, failure: 3 }),
      { settled: 'failure' },
    ],
  ])('%s', (_name, memory, expected) => {
    expect(memory).toMatchObject(expected);
  });
});

test('another container instance begins with an empty memory', () => {
  const failed: ProbeMemory = { containerId: 'c1', settled: 'failure', last: 'failure', run: 0, onHold: true };
  expect(rememberContainer('liveness', failed, 'c1')).toBe(failed);
  expect(rememberContainer('liveness', failed, 'c2')).toEqual({ ...emptyMemory('liveness'), containerId: 'c2' });
});
