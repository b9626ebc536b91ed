import { expect, test } from 'vitest';
import type { Node, Pod } from '../../api/types.ts';
import type { Step } from '../story/index.ts';
import { explainState } from './why.ts';

const container = { name: 'main', image: 'i', imageID: '', ready: false, restartCount: 0 };
const pod = (
  status: Pod['status'],
  spec: Partial<NonNullable<Pod['spec']>> = {},
  metadata: Pod['metadata'] = {},
): Pod => ({
  metadata: { name: 'web', namespace: 'ns', ...metadata },
  spec: { nodeName: 'n1', containers: [], ...spec },
  ...(status === undefined ? {} : { status }),
});
const withContainer = (more: Partial<NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]>): Pod =>
  pod({ phase: 'Running', containerStatuses: [{ ...container, ...more }] });
const step = (stage: Step['stage'], text: string, more: Partial<Step> = {}): Step => ({
  at: 1,
  node: 'n1',
  pods: ['ns/web'],
  stage,
  kind: 'pod.synced',
  text,
  ...more,
});
const node = (status: string, message: string): Node => ({
  metadata: { name: 'n1' },
  status: { conditions: [{ type: 'Ready', status, message }] },
});
const noSandbox = step('failed', 'no sandbox: plugin missing');

test.each<[string, Pod, RegExp, { steps?: Step[]; node?: Node }?]>([
  ['nobody scheduled it', pod({ phase: 'Pending' }, { nodeName: '' }), /is a scheduler running/],
  [
    'no node fits',
    pod(
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }] },
      { nodeName: '' },
    ),
    /^No node takes it: 0\/3 nodes are available\.$/,
  ],
  [
    'scheduling gates',
    pod({ phase: 'Pending' }, { nodeName: '', schedulingGates: [{ name: 'a.b/c' }] }),
    /gates.*a\.b\/c/,
  ],
  ['it ran to its end', pod({ phase: 'Succeeded' }), /exited with 0/],
  [
    'evicted',
    pod({ phase: 'Failed', reason: 'Evicted', message: 'low on memory' }),
    /^It failed: Evicted: low on memory\.$/,
  ],
  [
    'a container failed for good',
    pod(
      {
        phase: 'Failed',
        containerStatuses: [{ ...container, state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }],
      },
      { restartPolicy: 'Never' },
    ),
    /^Container main exited with 137, killed for want of memory and is not started again \(restartPolicy Never\)\.$/,
  ],
  ['a failure without a reason', pod({ phase: 'Failed' }), /does not say why/],
  [
    'crash loop',
    withContainer({
      restartCount: 4,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 3 } },
    }),
    /^Container main ends again and again \(4 restarts\).* It exited with 3 the last time\.$/,
  ],
  [
    'no image',
    withContainer({ state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } }),
    /no image: not found\./,
  ],
  [
    'bad configuration',
    withContainer({ state: { waiting: { reason: 'CreateContainerConfigError', message: 'no secret' } } }),
    /waits: CreateContainerConfigError: no secret\./,
  ],
  [
    'being created, in vain',
    withContainer({ state: { waiting: { reason: 'ContainerCreating' } } }),
    /not started yet\. Last trouble: no sandbox: plugin missing\./,
    { steps: [noSandbox] },
  ],
  [
    'trouble that is over is not told',
    withContainer({ ready: false, state: { running: {} } }),
    /^Container main runs but is not ready\.$/,
    { steps: [noSandbox, step('did', 'started', { kind: 'pod.containerStarted' })] },
  ],
  [
    'init comes first',
    pod({
      phase: 'Pending',
      initContainerStatuses: [{ ...container, name: 'init', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
      containerStatuses: [{ ...container, state: { waiting: { reason: 'PodInitializing' } } }],
    }),
    /^Init: Container init ends again and again/,
  ],
  [
    'its node is gone',
    pod({ phase: 'Running' }),
    /node n1 is not Ready: Kubelet stopped posting node status\./,
    { node: node('Unknown', 'Kubelet stopped posting node status.') },
  ],
  [
    'a probe fails',
    withContainer({ started: true, state: { running: {} } }),
    /^Container main runs but is not ready: readiness probe of main: failure: HTTP 503\.$/,
    {
      steps: [
        step('probed', 'readiness probe of main: failure: HTTP 503', { kind: 'probe.attempted', container: 'main' }),
      ],
    },
  ],
  ['it has not started up', withContainer({ started: false, state: { running: {} } }), /startup probe/],
  [
    'readiness gates',
    pod(
      {
        phase: 'Running',
        containerStatuses: [{ ...container, ready: true, state: { running: {} } }],
        conditions: [{ type: 'Ready', status: 'False' }],
      },
      { readinessGates: [{ conditionType: 'a.b/c' }] },
    ),
    /gates are not met: a\.b\/c/,
  ],
  [
    'all is well',
    pod({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }),
    /^It runs and is ready\.$/,
    { node: node('True', '') },
  ],
  [
    'it goes',
    pod(
      { phase: 'Running', containerStatuses: [{ ...container, state: { running: {} } }] },
      {},
      { deletionTimestamp: '2026-11-23T00:00:00Z', deletionGracePeriodSeconds: 30, finalizers: ['a.b/c'] },
    ),
    /being deleted.*Still running: main\..*finalizers.*a\.b\/c/s,
  ],
])('%s', (_name, explained, expected, { steps = [], node: onNode } = {}) => {
  expect(explainState({ pod: explained, steps, node: onNode }).join(' ')).toMatch(expected);
});
