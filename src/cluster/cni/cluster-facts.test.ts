import { describe, expect, test } from 'vitest';
import { fakeApi } from '../../api/fake.ts';
import { checkPodSubnets, readClusterSettings } from './cluster-facts.ts';
import { combineNodeFacts, parseNodeFacts } from './node-facts.ts';

const path = '/api/v1/namespaces/kube-system/configmaps/kubeadm-config';
const signal = new AbortController().signal;

const aCluster = (networking: string) => {
  const text = `kind: ClusterConfiguration\ncontrolPlaneEndpoint: lab-control-plane:6443\nnetworking: ${networking}\n`;
  return fakeApi({ [path]: { kind: 'ConfigMap', ...{ data: { ClusterConfiguration: text } } } });
};

describe('readClusterSettings', () => {
  test.each([
    ['{podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/16}', ['10.244.0.0/16'], '10.96.0.10'],
    [
      '{podSubnet: "10.244.0.0/16,fd00:1::/56", serviceSubnet: "fd00:10:96::/112"}',
      ['10.244.0.0/16', 'fd00:1::/56'],
      'fd00:10:96::a',
    ],
  ])('%s', async (networking, podSubnets, clusterDns) => {
    expect(await readClusterSettings(aCluster(networking), signal)).toEqual({
      podSubnets,
      clusterDns,
      controlPlaneEndpoint: 'lab-control-plane:6443',
    });
  });

  test('a cluster that was not made by klab', async () => {
    await expect(readClusterSettings(fakeApi(), signal)).rejects.toMatchObject({ code: 'CLUSTER_UNREADABLE' });
  });
});

describe('checkPodSubnets', () => {
  const used = [{ cidr: '192.168.1.7/24', where: 'the network of interface wlan0 of this machine' }];
  test.each([
    ['apart', ['10.244.0.0/16'], undefined],
    ['the machine is within', ['192.168.0.0/16'], /192\.168\.0\.0\/16 overlaps with 192\.168\.1\.7\/24, .*wlan0/],
    ['another family', ['fd00::/56'], undefined],
    ['the second', ['10.0.0.0/16', '192.168.1.0/28'], /192\.168\.1\.0\/28/],
  ])('%s', (_name, podSubnets, message) => {
    const check = () => checkPodSubnets(podSubnets, used);
    if (message === undefined) expect(check).not.toThrow();
    else
      expect(check).toThrow(
        expect.objectContaining({ code: 'SUBNETS_OVERLAP', message: expect.stringMatching(message) }),
      );
  });
});

test('what nodes tell: the smallest MTU, the tunnels that all have', () => {
  const nodes = ['mtu 1500\ntunnel ipip\ntunnel vxlan\n', 'mtu 1400\ntunnel vxlan\n', 'mtu cat: no such file\n'];
  const facts = nodes.map(parseNodeFacts);
  expect(combineNodeFacts(facts.slice(0, 2))).toEqual({ mtu: 1400, tunnels: { ipip: false, vxlan: true } });
  expect(facts[2]).toEqual({ mtu: 1500, tunnels: { ipip: false, vxlan: false } });
});
