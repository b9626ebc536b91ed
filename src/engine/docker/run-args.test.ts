import { expect, test } from 'vitest';
import type { ContainerSpec, Mount } from '../port.ts';
import { renderCreateOptions } from './run-args.ts';

const aMachine = (changes: Partial<ContainerSpec> = {}): ContainerSpec => ({
  name: 'lab-worker',
  image: 'klab/node',
  kind: 'machine',
  ...changes,
});
const hostConfigOf = (changes: Partial<ContainerSpec>, as: 'privileged' | 'named' = 'privileged') =>
  renderCreateOptions(aMachine(changes), as).HostConfig ?? {};

test('a machine is privileged where the engine grants it', () => {
  expect(hostConfigOf({})).toMatchObject({
    Privileged: true,
    CgroupnsMode: 'private',
    Init: false,
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 },
    SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
  });
});

test('elsewhere it gets by name what can be named, and nothing of /proc and /sys is hidden', () => {
  const host = hostConfigOf({}, 'named');
  expect(host.Privileged).toBeUndefined();
  expect(host.CapAdd).toContain('SYS_ADMIN');
  expect(host.CapAdd).not.toContain('SYS_RESOURCE');
  expect(host).toMatchObject({ MaskedPaths: [], ReadonlyPaths: [], DeviceCgroupRules: ['a *:* rwm'] });
});

test('a plain container is nothing special', () => {
  const { HostConfig, Tty } = renderCreateOptions({ name: 'x', image: 'y', kind: 'plain' }, 'named');
  expect(Tty).toBe(false);
  expect(HostConfig).not.toHaveProperty('CapAdd');
  expect(HostConfig).not.toHaveProperty('Privileged');
});

test('ports: several on one, and 0 leaves the choice to the engine', () => {
  const port = { containerPort: 80, protocol: 'tcp', hostAddress: '127.0.0.1' } as const;
  const options = renderCreateOptions(
    aMachine({
      ports: [
        { ...port, hostPort: 8080 },
        { ...port, hostAddress: '::1', hostPort: 8080 },
        { ...port, protocol: 'udp', hostPort: 0 },
      ],
    }),
    'privileged',
  );
  expect(options.HostConfig?.PortBindings).toEqual({
    '80/tcp': [
      { HostIp: '127.0.0.1', HostPort: '8080' },
      { HostIp: '::1', HostPort: '8080' },
    ],
    '80/udp': [{ HostIp: '127.0.0.1', HostPort: '' }],
  });
  expect(Object.keys(options.ExposedPorts ?? {})).toEqual(['80/tcp', '80/udp']);
});

const bind = { type: 'bind', source: '/a', target: '/b', readOnly: false, propagation: 'private' } as const;
test.each<[string, Mount, string]>([
  ['writable', bind, '/a:/b'],
  ['read-only', { ...bind, readOnly: true }, '/a:/b:ro'],
  ['relabelled and shared', { ...bind, selinuxRelabel: true, propagation: 'rshared' }, '/a:/b:Z,rshared'],
])('a bind mount, %s', (_name, mount, expected) => {
  expect(hostConfigOf({ mounts: [mount] }).Binds).toEqual([expected]);
});

test.each([
  ['absent: the engine decides', undefined, undefined],
  ['empty: none', [], ['.']],
  ['some', ['corp.example.com'], ['corp.example.com']],
])('search domains, %s', (_name, dnsSearch, expected) => {
  expect(hostConfigOf(dnsSearch === undefined ? {} : { dnsSearch }).DnsSearch).toEqual(expected);
});

test('a fixed address and limits', () => {
  const options = renderCreateOptions(
    aMachine({ network: 'klab', ipv4Address: '172.18.0.3', nanoCpus: 1.5e9, memoryBytes: 2 ** 30 }),
    'privileged',
  );
  expect(options.NetworkingConfig?.EndpointsConfig?.klab?.IPAMConfig?.IPv4Address).toBe('172.18.0.3');
  expect(options.HostConfig).toMatchObject({ NanoCpus: 1.5e9, Memory: 2 ** 30, MemorySwap: 2 ** 30 });
});
