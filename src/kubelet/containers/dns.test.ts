import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { aPod } from '../test-builders.ts';
import { computePodDns, type DnsConfig, parseResolvConf } from './dns.ts';

const host: DnsConfig = { servers: ['192.168.1.1'], searches: ['lan'], options: ['edns0'] };
const compute = (spec: Partial<NonNullable<Pod['spec']>>, clusterDns = ['10.96.0.10']) =>
  computePodDns(aPod(spec), { host, clusterDns, clusterDomain: 'cluster.local' });

const cluster = {
  servers: ['10.96.0.10'],
  searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'lan'],
  options: ['ndots:5'],
};

test.each<[string, Partial<NonNullable<Pod['spec']>>, DnsConfig]>([
  ['ClusterFirst', { dnsPolicy: 'ClusterFirst' }, cluster],
  ['ClusterFirst on the host’s network: the node’s', { dnsPolicy: 'ClusterFirst', hostNetwork: true }, host],
  ['ClusterFirstWithHostNet', { dnsPolicy: 'ClusterFirstWithHostNet', hostNetwork: true }, cluster],
  ['Default', { dnsPolicy: 'Default' }, host],
  [
    'None',
    { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] } },
    { servers: ['1.1.1.1'], searches: [], options: [] },
  ],
  [
    'the pod’s own on top, an option of the same name replaced',
    {
      dnsPolicy: 'ClusterFirst',
      dnsConfig: {
        nameservers: ['10.96.0.10', '1.1.1.1'],
        searches: ['x'],
        options: [{ name: 'ndots', value: '2' }, { name: 'debug' }],
      },
    },
    { servers: ['10.96.0.10', '1.1.1.1'], searches: [...cluster.searches, 'x'], options: ['ndots:2', 'debug'] },
  ],
])('%s', (_name, spec, wanted) => {
  expect(compute(spec)).toMatchObject({ ...wanted, forming: undefined, missingClusterDns: false });
});

test('without a cluster DNS the node’s stands in, and that is said', () => {
  expect(compute({}, [])).toMatchObject({ ...host, missingClusterDns: true });
});

test('libc takes three nameservers: the rest is left out, and that is said', () => {
  const dns = compute({ dnsPolicy: 'None', dnsConfig: { nameservers: ['1', '2', '3', '4'] } });
  expect(dns.servers).toEqual(['1', '2', '3']);
  expect(dns.forming).toBe(
    'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 1 2 3',
  );
});

test('and 32 search paths of 2048 characters together', () => {
  const many = compute({ dnsPolicy: 'None', dnsConfig: { searches: Array.from({ length: 40 }, (_, i) => `s${i}`) } });
  expect(many.searches).toHaveLength(32);
  const long = compute({ dnsPolicy: 'None', dnsConfig: { searches: ['a'.repeat(1500), 'b'.repeat(1000)] } });
  expect(long.searches).toEqual(['a'.repeat(1500)]);
  expect(long.forming).toMatch(/^Search Line limits were exceeded/);
});

test('a resolv.conf is read as libc reads it', () => {
  const text =
    '# comment\nnameserver 10.0.0.1\nnameserver fd00::1\nsearch a.b. c\nsearch d\noptions ndots:2 rotate\noptions edns0\n';
  expect(parseResolvConf(text)).toEqual({
    servers: ['10.0.0.1', 'fd00::1'],
    searches: ['d'],
    options: ['ndots:2', 'rotate', 'edns0'],
  });
});
