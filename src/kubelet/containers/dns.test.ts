import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { aPod } from '../test-builders.ts';
import { computePodDns, type DnsConfig, findHostDnsProblem, parseResolvConf } from './dns.ts';

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
  expect(compute(spec)).toMatchObject({ ...wanted, forming: [], missingClusterDns: false });
});

test('without a cluster DNS the node’s stands in, and that is said', () => {
  expect(compute({}, [])).toMatchObject({ ...host, missingClusterDns: true });
});

test('libc takes three nameservers: the rest is left out, and that is said', () => {
  const dns = compute({ dnsPolicy: 'None', dnsConfig: { nameservers: ['1', '2', '3', '4'] } });
  expect(dns.servers).toEqual(['1', '2', '3']);
  expect(dns.forming).toEqual([
    'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 1 2 3',
  ]);
});

test('and 32 search paths of 2048 characters together', () => {
  const many = compute({ dnsPolicy: 'None', dnsConfig: { searches: Array.from({ length: 40 }, (_, i) => `s${i}`) } });
  expect(many.searches).toHaveLength(32);
  const long = Array.from({ length: 9 }, (_, i) => `${i}`.repeat(240));
  const cut = compute({ dnsPolicy: 'None', dnsConfig: { nameservers: ['1', '2', '3', '4'], searches: long } });
  expect(cut.searches).toEqual(long.slice(0, 8));
  expect(cut.forming).toEqual([
    expect.stringMatching(/^Nameserver limits were exceeded/),
    expect.stringMatching(/^Search Line limits were exceeded/),
  ]);
});

test('a search path of more than 253 characters is left out alone', () => {
  const { searches, forming } = compute({
    dnsPolicy: 'None',
    dnsConfig: { searches: ['a', 'b'.repeat(254), 'c'.repeat(253)] },
  });
  expect(searches).toEqual(['a', 'c'.repeat(253)]);
  expect(forming).toHaveLength(1);
});

test.each([
  ['all fit', Array.from({ length: 29 }, (_, i) => `s${i}`), 'cluster.local', undefined],
  [
    'three places are the cluster’s',
    Array.from({ length: 30 }, (_, i) => `s${i}`),
    'cluster.local',
    "Resolv.conf file '/etc/r' contains search line consisting of more than 29 domains!",
  ],
  ['none is, without a domain', Array.from({ length: 32 }, (_, i) => `s${i}`), '', undefined],
  [
    'one is too long',
    ['a'.repeat(254)],
    'cluster.local',
    'Resolv.conf file "/etc/r" contains a search path which length is more than allowed 253 chars!',
  ],
  [
    'together they are',
    Array.from({ length: 9 }, () => 'a'.repeat(240)),
    'cluster.local',
    "Resolv.conf file '/etc/r' contains search line which length is more than allowed 2048 chars!",
  ],
])('what pods cannot have of the node’s search domains: %s', (_name, searches, domain, wanted) => {
  expect(findHostDnsProblem({ ...host, searches }, domain, '/etc/r')).toBe(wanted);
});

test('a resolv.conf is read as libc reads it', () => {
  const text =
    '# comment\nnameserver 10.0.0.1\nnameserver fd00::1\nsearch a.b. c\nsearch d. .\noptions ndots:2 rotate\noptions edns0 ndots:3\n';
  expect(parseResolvConf(text)).toEqual({
    servers: ['10.0.0.1', 'fd00::1'],
    searches: ['d'],
    options: ['ndots:3', 'rotate', 'edns0'],
  });
});
