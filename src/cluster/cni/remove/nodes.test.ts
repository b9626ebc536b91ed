import { expect, test } from 'vitest';
import type { Clock } from '../../../base/clock.ts';
import { fakeEngine } from '../../../engine/fake.ts';
import { cleanNodes } from './nodes.ts';

const { signal } = new AbortController();

/** Time that passes as soon as someone sleeps. */
function hurriedClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
  };
}

/** A node on which the network's pod is seen to run so many times, and what was done there in the end. */
async function clean(sightings: number, uids: ReadonlySet<string>) {
  const problems: string[] = [];
  const order: string[] = [];
  const engine = fakeEngine({
    command: (_node, argv) => {
      if (argv[0] === 'crictl') {
        order.push('look for pods');
        const item = { metadata: { name: 'calico-node-x', uid: 'u1' } };
        return JSON.stringify({ items: sightings-- > 0 ? [item] : [] });
      }
      if (argv[2]?.includes('iptables-save')) {
        order.push('look for traces');
        return '{"interfaces":["cali1"],"routes":[],"rules":{"ipv4":"","ipv6":""}}';
      }
      return argv[0] === '/usr/lib/klab/bin/node' ? '{"configs":[],"binaries":[]}' : undefined;
    },
  });
  await engine.runContainer({ name: 'lab', image: 'x', kind: 'machine' });
  await cleanNodes(['calico'], uids, { engine, clock: hurriedClock(), nodes: ['lab'], signal, problems });
  return { order, problems };
}

test('a pod that the API has forgotten is waited for before its files go', async () => {
  const { order, problems } = await clean(2, new Set(['u1']));
  expect(order.slice(0, 3)).toEqual(['look for pods', 'look for pods', 'look for pods']);
  expect(order.indexOf('look for traces')).toBeGreaterThan(2);
  expect(problems).toEqual([]);
});

test('one that does not end is told of, and the node is cleaned all the same', async () => {
  const { order, problems } = await clean(Number.POSITIVE_INFINITY, new Set(['u1']));
  expect(problems).toEqual(['lab: pod calico-node-x still runs']);
  expect(order).toContain('look for traces');
});

test('without pods nobody looks for them', async () => {
  expect((await clean(0, new Set())).order).not.toContain('look for pods');
});
