import { describe, expect, test } from 'vitest';
import type { Node } from '../../../api/types.ts';
import { decideNodeStatus, readConfig } from './decide.ts';
import type { NodeNetwork } from './read-node.ts';

const calico = JSON.stringify({
  name: 'k8s-pod-network',
  plugins: [{ type: 'calico', ipam: { type: 'calico-ipam' } }, { type: 'portmap' }],
});

const aNode = (ready: 'True' | 'False', message = 'fine'): Node => ({
  metadata: { name: 'lab-worker' },
  status: {
    conditions: [{ type: 'Ready', status: ready, message }],
  },
});

const seen = (
  configs: Record<string, string>,
  binaries: string[] = ['calico', 'calico-ipam', 'portmap'],
): NodeNetwork => ({
  configs: Object.entries(configs).map(([file, text]) => ({ file, text })),
  binaries,
});

describe('decideNodeStatus', () => {
  test('Ready, with the first configuration by name; the others are not looked at', () => {
    const configs = { '10-calico.conflist': calico, '20-other.conf': '{"name":"b","type":"bridge"}' };
    expect(decideNodeStatus('lab-worker', aNode('True'), seen(configs))).toEqual({
      node: 'lab-worker',
      ready: true,
      config: { file: '10-calico.conflist', network: 'k8s-pod-network', plugins: ['calico', 'calico-ipam', 'portmap'] },
      ignored: ['20-other.conf'],
      missingBinaries: [],
      why: '',
    });
  });

  test.each<[string, Node | undefined, NodeNetwork | undefined, string]>([
    [
      'no configuration',
      aNode('False'),
      seen({}),
      'no network is installed: there is no configuration in /etc/cni/net.d',
    ],
    ['no JSON', aNode('False'), seen({ 'a.conf': '{' }), '/etc/cni/net.d/a.conf is not valid JSON'],
    ['no plugins', aNode('False'), seen({ 'a.conf': '{"plugins":[]}' }), '/etc/cni/net.d/a.conf names no plugins'],
    [
      'a program that is not there',
      aNode('False'),
      seen({ '10-calico.conflist': calico }, ['portmap']),
      '10-calico.conflist calls calico and calico-ipam, not in /opt/cni/bin',
    ],
    ['what the node says', aNode('False', 'PLEG is not healthy'), seen({ a: calico }), 'PLEG is not healthy'],
    ['stopped', aNode('False'), undefined, 'its container does not answer: `docker start lab-worker`'],
    [
      'not registered',
      undefined,
      seen({ a: calico }),
      'it has not registered: look at its kubelet with `journalctl -u kubelet`',
    ],
  ])('%s', (_name, node, network, why) => {
    expect(decideNodeStatus('lab-worker', node, network)).toMatchObject({ ready: false, why });
  });
});

test('a configuration of one plugin alone', () => {
  expect(readConfig('x.conf', '{"name":"n","type":"bridge","ipam":{"type":"host-local"}}')).toEqual({
    file: 'x.conf',
    network: 'n',
    plugins: ['bridge', 'host-local'],
  });
});
