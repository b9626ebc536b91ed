import { expect, test } from 'vitest';
import type { PodStatus } from '../../api/types.ts';
import { computeStatusPatch, mergeStatus } from './patch.ts';

const ready = { type: 'Ready', status: 'True' };

test.each<[string, PodStatus, PodStatus, unknown]>([
  ['nothing changed', { phase: 'Running', conditions: [ready] }, { phase: 'Running', conditions: [ready] }, undefined],
  ['empty and absent are one', { phase: 'Running', containerStatuses: [] }, { phase: 'Running' }, undefined],
  [
    'empty and absent are one, however deep',
    { containerStatuses: [{ name: 'a', image: '', imageID: '', ready: true, restartCount: 0, lastState: {} }] },
    {
      containerStatuses: [{ name: 'a', image: '', imageID: '', ready: true, restartCount: 0, state: { running: {} } }],
    },
    undefined,
  ],
  [
    'one container more',
    { containerStatuses: [{ name: 'a', image: '', imageID: '', ready: true, restartCount: 0 }] },
    { containerStatuses: ['a', 'b'].map((name) => ({ name, image: '', imageID: '', ready: true, restartCount: 0 })) },
    { containerStatuses: ['a', 'b'].map((name) => ({ name, image: '', imageID: '', ready: true, restartCount: 0 })) },
  ],
  ['zero is not nothing', {}, { observedGeneration: 0 }, { observedGeneration: 0 }],
  [
    'what is gone from an object is taken away, as objects are merged',
    { resources: { limits: { cpu: '10m', memory: '16Mi' }, requests: { cpu: '10m' } } },
    { resources: { limits: { memory: '24Mi' } } },
    { resources: { limits: { cpu: null, memory: '24Mi' }, requests: null } },
  ],
  [
    'an object that is empty now',
    { resources: { limits: { cpu: '1' } } },
    { resources: {} },
    { resources: { limits: null } },
  ],
  ['an empty object where there was none', {}, { resources: {} }, { resources: {} }],
  ['it is there already', { resources: {} }, { resources: {} }, undefined],
  ['a new phase', { phase: 'Pending' }, { phase: 'Running' }, { phase: 'Running' }],
  ['a reason that is gone', { phase: 'Pending', reason: 'X' }, { phase: 'Pending' }, { reason: null }],
  [
    'addresses are replaced whole',
    { podIPs: [{ ip: 'a' }] },
    { podIPs: [{ ip: 'b' }] },
    { podIPs: [{ $patch: 'replace' }, { ip: 'b' }] },
  ],
  [
    'only the condition that changed, its old message taken away',
    {
      conditions: [
        { ...ready, status: 'False', message: 'm' },
        { type: 'PodScheduled', status: 'True' },
      ],
    },
    { conditions: [ready, { type: 'PodScheduled', status: 'True' }] },
    { conditions: [{ ...ready, message: null }] },
  ],
  [
    'a condition that is gone',
    { conditions: [ready] },
    { conditions: [] },
    { conditions: [{ $patch: 'delete', type: 'Ready' }] },
  ],
])('%s', (_name, from, to, patch) => {
  expect(computeStatusPatch(from, to)).toEqual(patch);
});

const gate = { type: 'lb.io/up', status: 'True' };
const disruption = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' };

test('conditions of others stay as the API has them', () => {
  expect(
    mergeStatus({ conditions: [gate] }, { conditions: [{ ...gate, status: 'False' }, ready] }, false).conditions,
  ).toEqual([gate, ready]);
});

test('an end is not told while a container may still run', () => {
  const own = { phase: 'Failed', reason: 'Evicted', message: 'low', conditions: [disruption] };
  expect(mergeStatus({ phase: 'Running' }, own, true)).toEqual({ phase: 'Running', conditions: [] });
  expect(mergeStatus({ phase: 'Running' }, own, false)).toEqual(own);
});

test.each([
  ['stays while a container may still run', true, undefined],
  ['stays when the pod has ended', false, undefined],
  ['gives way to the kubelet’s own at the end', false, disruption],
])('what others said of a disruption %s', (_name, couldRun, own) => {
  const theirs = { ...disruption, reason: 'EvictionByEvictionAPI' };
  const ended = { phase: 'Failed', conditions: own === undefined ? [] : [own] };
  const merged = mergeStatus({ phase: 'Running', conditions: [theirs] }, ended, couldRun);
  expect(merged.conditions).toEqual([own ?? theirs]);
});

test('what others write into the status stays', () => {
  const theirs: PodStatus = {
    nodeAllocatableResourceClaimStatuses: [{ resourceClaimName: 'gpu', resources: { cpu: '1' } }],
  };
  expect(mergeStatus(theirs, { phase: 'Running' }, false)).toMatchObject(theirs);
});

test('a pod that has ended is not ready', () => {
  const merged = mergeStatus({ phase: 'Running' }, { phase: 'Succeeded', conditions: [ready] }, false);
  expect(merged.conditions).toEqual([{ type: 'Ready', status: 'False', reason: 'PodCompleted' }]);
});
