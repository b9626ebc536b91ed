import { expect, test } from 'vitest';
import type { Node } from '../../../api/types.ts';
import type { PodRoute } from './decide.ts';
import type { HostNetwork } from './host.ts';
import { networkFacts, reconcileNetwork } from './reconcile.ts';

/** A network with memory. */
function fakeHost(): HostNetwork & {
  readonly files: Map<string, string>;
  readonly table: PodRoute[];
  readonly done: string[];
} {
  const files = new Map<string, string>();
  const table: PodRoute[] = [];
  const done: string[] = [];
  const without = (destination: string) => {
    const at = table.findIndex((r) => r.destination === destination);
    if (at !== -1) table.splice(at, 1);
  };
  return {
    files,
    table,
    done,
    routes: async () => [...table],
    replaceRoute: async (route) => {
      without(route.destination);
      table.push(route);
      done.push('route');
    },
    removeRoute: async ({ destination }) => without(destination),
    masquerade: async () => void done.push('masquerade'),
    writeFile: async (path, text) => {
      done.push('conflist');
      const changed = files.get(path) !== text;
      files.set(path, text);
      return changed;
    },
    enableForwarding: async () => void done.push('forwarding'),
  };
}

const aNode = (name: string, ip: string, podCIDR?: string): Node => ({
  metadata: { name },
  spec: podCIDR === undefined ? {} : { podCIDR, podCIDRs: [podCIDR] },
  status: { addresses: [{ type: 'InternalIP', address: ip }] },
});
const cp = aNode('cp', '172.18.0.2', '10.244.0.0/24');
const worker = aNode('worker', '172.18.0.3', '10.244.1.0/24');
const podSubnets = ['10.244.0.0/16'];

test('the CNI configuration, which makes the node Ready, comes last', async () => {
  const host = fakeHost();
  await reconcileNetwork({ self: 'cp', nodes: [cp, worker], podSubnets, host });
  expect(host.done).toEqual(['forwarding', 'masquerade', 'route', 'conflist']);
  expect(host.table).toEqual([{ destination: '10.244.1.0/24', gateway: '172.18.0.3' }]);
});

test('without a pod range of its own there is no CNI configuration yet', async () => {
  const host = fakeHost();
  await reconcileNetwork({ self: 'cp', nodes: [aNode('cp', '172.18.0.2'), worker], podSubnets, host });
  expect(host.files.size).toBe(0);
});

test('a node that left loses its route, and a second pass changes nothing', async () => {
  const host = fakeHost();
  await reconcileNetwork({ self: 'cp', nodes: [cp, worker], podSubnets, host });
  const changes = await reconcileNetwork({ self: 'cp', nodes: [cp], podSubnets, host });
  expect(host.table).toEqual([]);
  expect(changes).toEqual(['removeRoute 10.244.1.0/24 via 172.18.0.3: its node is gone']);
  expect(await reconcileNetwork({ self: 'cp', nodes: [cp], podSubnets, host })).toEqual([]);
});

const withStatus = (node: Node, status: Node['status']): Node => ({ ...node, status: { ...node.status, ...status } });
const ready = (status: string) => ({ conditions: [{ type: 'Ready', status }] });

test.each<[string, readonly Node[], boolean]>([
  ['nothing', [worker, cp], false],
  ["another node's readiness", [cp, withStatus(worker, ready('False'))], false],
  ['its own images', [withStatus(cp, { images: [{ names: ['x'] }] }), worker], false],
  ['its own readiness', [withStatus(cp, ready('False')), worker], true],
  ['a node that left', [cp], true],
  ["another node's address", [cp, aNode('worker', '172.18.0.9', '10.244.1.0/24')], true],
  ["another node's range", [cp, aNode('worker', '172.18.0.3', '10.244.7.0/24')], true],
])('whether a pass is due after a change of: %s', (_name, nodes, due) => {
  expect(networkFacts('cp', nodes) !== networkFacts('cp', [cp, worker])).toBe(due);
});
