import { describe, expect, test } from 'vitest';
import type { Container, PodSpec, Volume } from '../../api/types.ts';
import { parseManifest } from './parse-manifest.ts';
import { withPodDefaults } from './pod-defaults.ts';

const spec = (given: Partial<PodSpec> = {}): PodSpec | undefined =>
  withPodDefaults({ spec: { containers: [{ name: 'main', image: 'busybox:1.37' }], ...given } }).spec;
const container = (given: Partial<Container>, more: Partial<PodSpec> = {}) =>
  spec({ containers: [{ name: 'main', image: 'busybox:1.37', ...given }], ...more })?.containers[0];
const volume = (given: object): Volume | undefined => spec({ volumes: [{ name: 'v', ...given }] })?.volumes?.[0];

test('of the pod', () =>
  expect(spec()).toMatchObject({
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    terminationGracePeriodSeconds: 30,
    securityContext: {},
    enableServiceLinks: true,
    schedulerName: 'default-scheduler',
  }));

test('what is given stays', () => {
  const given = { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, enableServiceLinks: false };
  expect(spec(given)).toMatchObject(given);
});

test('what is given as nothing is not given', () => {
  expect(
    spec({ restartPolicy: '', dnsPolicy: '', schedulerName: '', terminationGracePeriodSeconds: -5 }),
  ).toMatchObject({
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    terminationGracePeriodSeconds: 1,
  });
  const given = {
    imagePullPolicy: '',
    terminationMessagePath: '',
    ports: [{ containerPort: 80, hostPort: 0, protocol: '' }],
    livenessProbe: { httpGet: { port: 80, path: '' }, timeoutSeconds: 0, periodSeconds: 0, failureThreshold: 0 },
  };
  expect(container(given, { hostNetwork: true })).toMatchObject({
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
    livenessProbe: { httpGet: { path: '/' }, timeoutSeconds: 1, periodSeconds: 10, failureThreshold: 3 },
  });
  expect(volume({ downwardAPI: { defaultMode: 0 } })?.downwardAPI?.defaultMode).toBe(0);
});

test('of a container', () =>
  expect(container({})).toEqual({
    name: 'main',
    image: 'busybox:1.37',
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    resources: {},
  }));

test('init containers have the same', () =>
  expect(spec({ initContainers: [{ name: 'init', image: 'a' }] })?.initContainers?.[0]).toMatchObject({
    imagePullPolicy: 'Always',
    terminationMessagePolicy: 'File',
  }));

test.each([
  ['busybox', 'Always'],
  ['busybox:latest', 'Always'],
  ['busybox:1.37', 'IfNotPresent'],
  ['localhost:5000/busybox', 'Always'],
  ['localhost:5000/busybox:1', 'IfNotPresent'],
  ['busybox@sha256:abc', 'IfNotPresent'],
  ['localhost:5000/busybox@sha256:abc', 'IfNotPresent'],
  ['busybox:latest@sha256:abc', 'Always'],
])('%s is pulled %s', (image, policy) => expect(container({ image })?.imagePullPolicy).toBe(policy));

describe('of probes, hooks and the environment', () => {
  test('times', () =>
    expect(container({ livenessProbe: { exec: { command: ['true'] }, periodSeconds: 3 } })?.livenessProbe).toEqual({
      exec: { command: ['true'] },
      timeoutSeconds: 1,
      periodSeconds: 3,
      successThreshold: 1,
      failureThreshold: 3,
    }));
  test('HTTP', () =>
    expect(container({ readinessProbe: { httpGet: { port: 80 } } })?.readinessProbe?.httpGet).toEqual({
      path: '/',
      scheme: 'HTTP',
      port: 80,
    }));
  test('gRPC', () =>
    expect(container({ startupProbe: { grpc: { port: 80 } } })?.startupProbe?.grpc).toEqual({ port: 80, service: '' }));
  test('hooks', () =>
    expect(container({ lifecycle: { preStop: { httpGet: { port: 80, path: '/bye' } } } })?.lifecycle).toEqual({
      preStop: { httpGet: { port: 80, path: '/bye', scheme: 'HTTP' } },
    }));
  test('field references', () =>
    expect(container({ env: [{ name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] })?.env).toEqual([
      { name: 'N', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    ]));
});

test.each<[string, Partial<PodSpec>, object]>([
  ['on the pod network', {}, { containerPort: 80, protocol: 'TCP' }],
  ['on the host network', { hostNetwork: true }, { containerPort: 80, protocol: 'TCP', hostPort: 80 }],
])('a port %s', (_name, more, port) =>
  expect(container({ ports: [{ containerPort: 80 }] }, more)?.ports).toEqual([port]),
);

describe('amounts', () => {
  test('requests follow limits', () =>
    expect(
      container({ resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m' } } })?.resources,
    ).toEqual({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m', memory: '1Gi' } }));
  test('numbers of YAML become text', () => {
    const read = parseManifest('containers: [{name: a, image: i, resources: {requests: {cpu: 1}}}]') as PodSpec;
    expect(withPodDefaults({ spec: read }).spec?.containers[0]?.resources?.requests).toEqual({ cpu: '1' });
  });
});

test.each<[string, object, object]>([
  ['no source', {}, { emptyDir: {} }],
  ['emptyDir', { emptyDir: { medium: 'Memory' } }, { emptyDir: { medium: 'Memory' } }],
  ['hostPath', { hostPath: { path: '/etc' } }, { hostPath: { path: '/etc', type: '' } }],
  [
    'hostPath with a type',
    { hostPath: { path: '/etc', type: 'Directory' } },
    { hostPath: { path: '/etc', type: 'Directory' } },
  ],
  ['downwardAPI', { downwardAPI: { items: [] } }, { downwardAPI: { items: [], defaultMode: 420 } }],
  ['projected', { projected: { sources: [] } }, { projected: { sources: [], defaultMode: 420 } }],
  ['an image', { image: { reference: 'a:1' } }, { image: { reference: 'a:1', pullPolicy: 'IfNotPresent' } }],
])('a volume: %s', (_name, given, expected) => expect(volume(given)).toEqual({ name: 'v', ...expected }));
