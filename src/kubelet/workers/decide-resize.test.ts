import { expect, test } from 'vitest';
import type { Pod, ResourceRequirements } from '../../api/types.ts';
import type { PodResourceInfo } from '../allocation/index.ts';
import { aContainer, aPod, aSeen, aSeenPod, aSidecar, exited, running } from '../test-builders.ts';
import { decideResize } from './decide-resize.ts';

const cpu = (amount: string): ResourceRequirements => ({ requests: { cpu: amount }, limits: { cpu: amount } });
const memory = (amount: string): ResourceRequirements => ({ requests: { memory: amount }, limits: { memory: amount } });
const onMemory = { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] };
const told = (main: ResourceRequirements, pod?: ResourceRequirements): PodResourceInfo => ({
  containers: { main },
  pod,
});
const up = aSeenPod([aSeen('main', running)]);
const withMain = (resources: ResourceRequirements, more: object = {}): Pod =>
  aPod({ containers: [aContainer('main', { resources, ...more })] });

const brief = (pod: Pod, seen = up, inForce: PodResourceInfo | undefined = told(cpu('1'))) => {
  const { restarts, updates, onStart, pod: ofPod, underWay } = decideResize(pod, seen, inForce);
  return [
    ...[...restarts].map((name) => `restart ${name}`),
    ...updates.map(({ container }) => `update ${container}`),
    ...[...onStart].map((name) => `start ${name}`),
    ...(ofPod ? ['pod'] : []),
    ...(underWay ? ['under way'] : []),
  ];
};

test.each<[string, string[], Parameters<typeof brief>]>([
  ['nothing differs', [], [withMain(cpu('1'))]],
  ['the same in other words', [], [withMain(cpu('1000m'))]],
  ['more CPU', ['update main', 'under way'], [withMain(cpu('2'))]],
  ['a limit goes away', ['update main', 'under way'], [withMain({ requests: { cpu: '1' } })]],
  [
    'memory, and the policy says restart',
    ['restart main', 'under way'],
    [withMain(memory('2Gi'), onMemory), up, told(memory('1Gi'))],
  ],
  ['CPU, and the policy is about memory', ['update main', 'under way'], [withMain(cpu('2'), onMemory)]],
  ['it does not run', ['start main'], [withMain(cpu('2')), aSeenPod([aSeen('main', exited(1))])]],
  ['it was never there', ['start main'], [withMain(cpu('2')), aSeenPod([])]],
  [
    'the pod’s limit holds for a container without one',
    ['update main', 'pod', 'under way'],
    [aPod({ resources: cpu('2') }), up, told({}, cpu('1'))],
  ],
  [
    'the container’s own limit wins over the pod’s',
    ['pod', 'under way'],
    [
      aPod({ resources: cpu('4'), containers: [aContainer('main', { resources: cpu('1') })] }),
      up,
      told(cpu('1'), cpu('2')),
    ],
  ],
  ['what was told is not known', [], [withMain(cpu('2')), up, undefined]],
])('%s', (_name, expected, args) => {
  const [pod, seen, ...rest] = args;
  const decision = rest.length === 0 ? brief(pod, seen) : decideBrief(pod, seen, rest[0]);
  expect(decision).toEqual(expected);
});

function decideBrief(pod: Pod, seen = up, inForce: PodResourceInfo | undefined) {
  return inForce === undefined
    ? decideResize(pod, seen, undefined).underWay
      ? ['under way']
      : []
    : brief(pod, seen, inForce);
}

test('a sidecar is resized like the others, with what it had and what it gets', () => {
  const pod = aPod({ initContainers: [aSidecar('side', { resources: memory('64Mi') })] });
  const seen = aSeenPod([aSeen('side', running, { id: 's1' }), aSeen('main', running)]);
  const inForce = { containers: { side: memory('32Mi'), main: {} } };
  expect(decideResize(pod, seen, inForce).updates).toEqual([
    {
      id: 's1',
      container: 'side',
      from: { cpuRequest: 0, cpuLimit: 0, memoryRequest: 2 ** 25, memoryLimit: 2 ** 25 },
      to: { cpuRequest: 0, cpuLimit: 0, memoryRequest: 2 ** 26, memoryLimit: 2 ** 26 },
    },
  ]);
});
