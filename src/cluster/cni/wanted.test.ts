import { describe, expect, test } from 'vitest';
import { planNetwork } from './plan.ts';
import { calicoShape } from './testing/calico-shape.ts';
import { type CniRequest, networkName, readWanted } from './wanted.ts';

const flannel = `kind: Namespace
apiVersion: v1
metadata: {name: kube-flannel}
---
kind: DaemonSet
apiVersion: apps/v1
metadata: {name: kube-flannel-ds, namespace: kube-flannel}
spec: {template: {spec: {containers: [{name: kube-flannel, image: flannel:v1}]}}}
`;

const read = (request: CniRequest, stdin: string) =>
  readWanted(request, {
    sha256: undefined,
    cacheDir: '/nowhere',
    env: {},
    cwd: '/',
    stdin: async () => stdin,
    signal: new AbortController().signal,
  });

const settings = { podSubnets: ['10.244.0.0/16'], controlPlaneEndpoint: 'lab-control-plane:6443', clusterDns: '' };
const facts = { mtu: 1500, tunnels: { ipip: false, vxlan: true } };

describe('readWanted and planNetwork', () => {
  test.each<[string, CniRequest, string, string]>([
    ['Calico by name', { kind: 'calico', manifest: '-' }, calicoShape(), 'calico'],
    ['Calico by its manifest', { kind: 'manifest', source: '-' }, calicoShape(), 'calico'],
    ["another's manifest", { kind: 'manifest', source: '-' }, flannel, 'kube-flannel-ds'],
    ["klab's own", { kind: 'default' }, '', 'default'],
  ])('%s', async (_name, request, stdin, name) => {
    expect(networkName(await read(request, stdin))).toBe(name);
  });

  test.each<[string, CniRequest, string, string]>([
    ['another network where Calico is meant', { kind: 'calico', manifest: '-' }, flannel, 'NOT_CALICO'],
    ['no network', { kind: 'manifest', source: '-' }, 'kind: A\napiVersion: v1\nmetadata: {name: a}\n', 'NOT_A_CNI'],
  ])('%s is refused', async (_name, request, stdin, code) => {
    await expect(read(request, stdin)).rejects.toMatchObject({ code });
  });

  test('Calico is fitted, with its sysctls, and noted', async () => {
    const plan = planNetwork(await read({ kind: 'calico', manifest: '-' }, calicoShape()), settings, facts, 'auto');
    expect(plan.changes[0]).toBe('vxlan between nodes: the kernel has no ipip');
    expect(plan.sysctls).toEqual({ 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.all.rp_filter': '0' });
    expect(plan.record).toMatchObject({ metadata: { name: 'klab-cni' }, data: { network: 'calico' } });
    expect(plan.diff).toContain('+              value: 10.244.0.0/16');
  });

  test("another's is applied as it is", async () => {
    const plan = planNetwork(await read({ kind: 'manifest', source: '-' }, flannel), settings, facts, 'auto');
    expect({ ...plan, record: undefined, objects: plan.objects.length }).toEqual({
      network: 'kube-flannel-ds',
      source: 'standard input',
      objects: 2,
      record: undefined,
      images: [{ image: 'flannel:v1', onEveryNode: true }],
      sysctls: {},
      changes: [],
      diff: '',
    });
  });

  test("klab's own knows the cluster's range and API server", async () => {
    const { objects } = planNetwork(await read({ kind: 'default' }, ''), settings, facts, 'auto');
    const text = JSON.stringify(objects);
    expect(text).toContain('{"name":"POD_SUBNET","value":"10.244.0.0/16"}');
    expect(text).toContain('https://lab-control-plane:6443');
  });
});
