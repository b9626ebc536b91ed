import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { aContainer, aPod } from '../test-builders.ts';
import { decidePreemption, type Missing } from './preemption.ts';

const critical = aPod({ priority: 2_000_000_000 });

const bestEffort = (name: string, priority = 0): Pod => aPod({ priority }, { name, uid: name });
const burstable = (name: string, cpu: string, memory = '1Mi'): Pod =>
  aPod({ containers: [aContainer('main', { resources: { requests: { cpu, memory } } })] }, { name, uid: name });
const guaranteed = (name: string, cpu: string): Pod =>
  aPod(
    {
      containers: [
        aContainer('main', { resources: { limits: { cpu, memory: '1Mi' }, requests: { cpu, memory: '1Mi' } } }),
      ],
    },
    { name, uid: name },
  );

const names = (others: readonly Pod[], missing: readonly Missing[]) => {
  const decision = decidePreemption(critical, others, missing);
  return decision.kind === 'victims' ? decision.victims.map(({ metadata }) => metadata?.name) : decision.because;
};

test.each<[string, Pod[], Missing[], string[] | string]>([
  ['one pod too many', [guaranteed('g', '1'), bestEffort('b')], [{ resource: 'pods', amount: 1 }], ['b']],
  [
    'the smallest that is enough',
    [burstable('small', '100m'), burstable('right', '200m'), burstable('large', '900m')],
    [{ resource: 'cpu', amount: 200 }],
    ['right'],
  ],
  [
    'two where one is not enough',
    [burstable('a', '300m'), burstable('b', '200m'), burstable('c', '10m')],
    [{ resource: 'cpu', amount: 450 }],
    ['a', 'b'],
  ],
  [
    'guaranteed pods only for what the others cannot give',
    [guaranteed('g', '1'), burstable('b', '100m')],
    [{ resource: 'cpu', amount: 100 }],
    ['b'],
  ],
  [
    'and then no others than are needed besides',
    [guaranteed('g', '1'), burstable('b', '100m'), bestEffort('be')],
    [{ resource: 'cpu', amount: 500 }],
    ['g'],
  ],
  [
    'critical pods never',
    [aPod({ priority: 2_000_001_000 })],
    [{ resource: 'pods', amount: 1 }],
    'no set of running pods found to reclaim resources: [(res: pods, q: 1), ]',
  ],
  [
    'nobody has that much',
    [burstable('a', '300m')],
    [
      { resource: 'cpu', amount: 500 },
      { resource: 'memory', amount: 1 },
    ],
    'no set of running pods found to reclaim resources: [(res: cpu, q: 200), ]',
  ],
])('%s', (_name, others, missing, expected) => expect(names(others, missing)).toEqual(expected));
