import { describe, expect, test } from 'vitest';
import { decideRoutes, type NetworkNode, renderConflist, renderMasquerade, wantedRoutes } from './decide.ts';

const aNode = (name: string, podCidrs: string[], internalIps: string[]): NetworkNode => ({
  name,
  podCidrs,
  internalIps,
});
const cp = aNode('lab-control-plane', ['10.244.0.0/24'], ['172.18.0.2']);
const worker = aNode('lab-worker', ['10.244.1.0/24'], ['172.18.0.3']);

describe('wantedRoutes', () => {
  test.each([
    ['to every other node', [cp, worker], [{ destination: '10.244.1.0/24', gateway: '172.18.0.3' }]],
    ['none without a pod range yet', [cp, aNode('lab-worker', [], ['172.18.0.3'])], []],
    ['none without an address of that family', [cp, aNode('lab-worker', ['fd00:1::/64'], ['172.18.0.3'])], []],
    [
      'one a family',
      [cp, aNode('lab-worker', ['10.244.1.0/24', 'fd00:1::/64'], ['172.18.0.3', 'fc00::3'])],
      [
        { destination: '10.244.1.0/24', gateway: '172.18.0.3' },
        { destination: 'fd00:1::/64', gateway: 'fc00::3' },
      ],
    ],
  ])('%s', (_name, nodes, routes) => {
    expect(wantedRoutes('lab-control-plane', nodes)).toEqual(routes);
  });
});

describe('decideRoutes', () => {
  const to = (destination: string, gateway: string) => ({ destination, gateway });
  test.each([
    ['nothing to do', [to('10.244.1.0/24', '172.18.0.3')], [to('10.244.1.0/24', '172.18.0.3')], []],
    ['a new node', [to('10.244.1.0/24', '172.18.0.3')], [], ['replaceRoute 10.244.1.0/24']],
    ['a node that left', [], [to('10.244.1.0/24', '172.18.0.3')], ['removeRoute 10.244.1.0/24']],
    [
      'a node with another address',
      [to('10.244.1.0/24', '172.18.0.9')],
      [to('10.244.1.0/24', '172.18.0.3')],
      ['replaceRoute 10.244.1.0/24'],
    ],
  ])('%s', (_name, wanted, current, actions) => {
    expect(decideRoutes(wanted, current).map(({ kind, route }) => `${kind} ${route.destination}`)).toEqual(actions);
  });
});

test('the CNI configuration hands out the node’s own range and maps host ports', () => {
  const conflist = JSON.parse(renderConflist(['10.244.1.0/24'], 1500));
  expect(conflist.plugins.map((p: { type: string }) => p.type)).toEqual(['ptp', 'portmap']);
  expect(conflist.plugins[0].ipam).toMatchObject({
    ranges: [[{ subnet: '10.244.1.0/24' }]],
    routes: [{ dst: '0.0.0.0/0' }],
  });
});

test('traffic between pods is not masqueraded, traffic that leaves is', () => {
  expect(renderMasquerade(['10.244.0.0/16']).split('\n')).toEqual([
    '*nat',
    ':KLAB-MASQUERADE - [0:0]',
    '-A KLAB-MASQUERADE -d 10.244.0.0/16 -j RETURN',
    '-A KLAB-MASQUERADE -s 10.244.0.0/16 -j MASQUERADE',
    'COMMIT',
    '',
  ]);
});
