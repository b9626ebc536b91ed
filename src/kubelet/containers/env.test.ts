import { describe, expect, test } from 'vitest';
import { ApiError } from '../../api/errors.ts';
import type { Pod, Service } from '../../api/types.ts';
import type { RunnableContainer } from '../parts.ts';
import { computeField, computeResourceField } from './downward.ts';
import { environmentReader, serviceVariables } from './env.ts';
import { expandVariables } from './expansion.ts';

describe('expandVariables', () => {
  const values: Record<string, string> = { A: '1', B: 'two' };
  test.each([
    ['$(A)', '1'],
    ['x$(A)y$(B)z', 'x1ytwoz'],
    ['$(MISSING)', '$(MISSING)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$A', '$A'],
    ['$(A', '$(A'],
    ['100%$', '100%$'],
  ])('%s → %s', (text, expected) => expect(expandVariables(text, (name) => values[name])).toBe(expected));
});

const aService = (name: string, ports: object[], clusterIP = '10.96.0.5'): Service => ({
  metadata: { name, namespace: 'default' },
  spec: { clusterIP, ports: ports as NonNullable<NonNullable<Service['spec']>['ports']> },
});

describe('serviceVariables', () => {
  test('one port', () => {
    expect(Object.fromEntries(serviceVariables(aService('my-web', [{ port: 80, protocol: 'TCP' }])))).toEqual({
      MY_WEB_SERVICE_HOST: '10.96.0.5',
      MY_WEB_SERVICE_PORT: '80',
      MY_WEB_PORT: 'tcp://10.96.0.5:80',
      MY_WEB_PORT_80_TCP: 'tcp://10.96.0.5:80',
      MY_WEB_PORT_80_TCP_PROTO: 'tcp',
      MY_WEB_PORT_80_TCP_PORT: '80',
      MY_WEB_PORT_80_TCP_ADDR: '10.96.0.5',
    });
  });
  test('named ports', () =>
    expect(serviceVariables(aService('dns', [{ port: 53, name: 'dns-tcp' }]))).toContainEqual([
      'DNS_SERVICE_PORT_DNS_TCP',
      '53',
    ]));
  test('headless services have none', () => expect(serviceVariables(aService('x', [{ port: 1 }], 'None'))).toEqual([]));
});

interface Sketch extends Partial<RunnableContainer> {
  readonly hostNetwork?: boolean;
}

const aPod = ({ hostNetwork = false, ...container }: Sketch): { pod: Pod; container: RunnableContainer } => {
  const complete = { name: 'c', image: 'busybox', ...container };
  return {
    container: complete,
    pod: {
      metadata: { name: 'p', namespace: 'ns', uid: 'u', annotations: { 'kubernetes.io/config.source': 'api' } },
      spec: { containers: [complete], hostNetwork },
    },
  };
};

const objects = {
  configMap: async (_namespace: string, name: string) => {
    if (name !== 'cm') throw new ApiError(404, 'NotFound', `configmaps "${name}" not found`);
    return { data: { key: 'value', other: 'more' }, binaryData: {} };
  },
  secret: async (_namespace: string, name: string) => {
    if (name !== 'sec') throw new ApiError(404, 'NotFound', `secrets "${name}" not found`);
    return { data: { password: Buffer.from('geheim') }, type: 'Opaque' };
  },
};
const services = { synced: () => true, list: (ns: string) => (ns === 'ns' ? [aService('web', [{ port: 80 }])] : []) };
const read = (container: Sketch, options: Partial<Parameters<typeof environmentReader>[0]> = {}) => {
  const { pod, container: complete } = aPod(container);
  const reader = environmentReader({
    objects,
    services,
    hostIps: () => ['172.18.0.2'],
    resourceDefaults: () => ({ cpu: '2', memory: '8Gi' }),
    ...options,
  });
  return reader(pod, complete, ['10.244.0.5'], new Map()).then((env) =>
    Object.fromEntries(env.map(({ key, value }) => [key, value])),
  );
};

describe('environmentReader', () => {
  test.each<[string, Sketch, Record<string, string>]>([
    [
      'plain and expanded',
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '$(A)-$(WEB_SERVICE_PORT)-$(NO)' },
        ],
      },
      { A: '1', B: '1-80-$(NO)' },
    ],
    [
      'env wins over envFrom',
      { envFrom: [{ configMapRef: { name: 'cm' } }], env: [{ name: 'key', value: 'mine' }] },
      { key: 'mine', other: 'more' },
    ],
    ['envFrom with a prefix', { envFrom: [{ prefix: 'P_', secretRef: { name: 'sec' } }] }, { P_password: 'geheim' }],
    ['an optional envFrom that is not there', { envFrom: [{ configMapRef: { name: 'none', optional: true } }] }, {}],
    [
      'a key of a secret',
      { env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'sec', key: 'password' } } }] },
      { P: 'geheim' },
    ],
    [
      'an optional key that is not there',
      { env: [{ name: 'P', valueFrom: { configMapKeyRef: { name: 'cm', key: 'no', optional: true } } }] },
      {},
    ],
    [
      'the pod’s address',
      { env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] },
      { IP: '10.244.0.5' },
    ],
    [
      'a host network pod’s address is the node’s',
      { hostNetwork: true, env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] },
      { IP: '172.18.0.2' },
    ],
    [
      'a limit that is not set is the node’s',
      { env: [{ name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }] },
      { CPU: '2' },
    ],
  ])('%s', async (_name, container, expected) => {
    expect(await read(container)).toMatchObject(expected);
  });

  test.each<[string, Partial<RunnableContainer>, string]>([
    [
      'a missing key',
      { env: [{ name: 'P', valueFrom: { configMapKeyRef: { name: 'cm', key: 'no' } } }] },
      "couldn't find key no in ConfigMap ns/cm",
    ],
    [
      'a missing object',
      { env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } }] },
      'secrets "none" not found',
    ],
    ['a missing envFrom', { envFrom: [{ configMapRef: { name: 'none' } }] }, 'configmaps "none" not found'],
  ])('%s', async (_name, container, message) => {
    await expect(read(container)).rejects.toThrow(message);
  });

  test('without service links only the API server’s own are left', async () => {
    const { pod, container } = aPod({});
    const reader = environmentReader({
      objects,
      services: {
        synced: () => true,
        list: (ns) => [aService(ns === 'default' ? 'kubernetes' : 'web', [{ port: 443 }])],
      },
      hostIps: () => [],
      resourceDefaults: () => ({}),
    });
    const env = await reader(
      { ...pod, spec: { containers: [container], enableServiceLinks: false } },
      container,
      [],
      new Map(),
    );
    expect(env.map(({ key }) => key)).toContain('KUBERNETES_SERVICE_HOST');
    expect(env.map(({ key }) => key)).not.toContain('WEB_SERVICE_HOST');
  });

  test('services that were not read yet hold back pods of the API', async () => {
    await expect(read({}, { services: { synced: () => false, list: () => [] } })).rejects.toThrow(
      'services have not yet been read',
    );
  });
});

describe('the downward API', () => {
  const pod: Pod = {
    metadata: {
      name: 'p',
      labels: { b: '2', a: 'x"y' },
      annotations: { 'kubernetes.io/config.source': 'api', mine: 'line\nbreak' },
    },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '250m' }, limits: { memory: '64Mi' } } }] },
  };
  const addresses = { hostIps: ['1.2.3.4', '::1'], podIps: ['10.0.0.1'] };
  test.each([
    ['metadata.labels', 'a="x\\"y"\nb="2"'],
    ["metadata.labels['b']", '2'],
    ['metadata.annotations', 'kubernetes.io/config.source="api"\nmine="line\\nbreak"'],
    ['status.hostIPs', '1.2.3.4,::1'],
  ])('%s', (path, expected) => expect(computeField(pod, path, addresses)).toBe(expected));
  test('an unknown path', () =>
    expect(() => computeField(pod, 'spec.nope', addresses)).toThrow('unsupported fieldPath'));

  test.each([
    [{ containerName: 'c', resource: 'requests.cpu', divisor: '1m' }, '250'],
    [{ containerName: 'c', resource: 'requests.cpu' }, '1'],
    [{ containerName: 'c', resource: 'limits.memory', divisor: '1Mi' }, '64'],
    [{ containerName: 'c', resource: 'limits.cpu' }, '4'],
  ])('%o → %s', (field, expected) => expect(computeResourceField(pod, field, { cpu: '4' })).toBe(expected));

  test('a limit that the container does not set is the pod’s', () => {
    const whole: Pod = { ...pod, spec: { containers: [], ...pod.spec, resources: { limits: { cpu: '3' } } } };
    const field = { containerName: 'c', resource: 'limits.cpu' };
    expect(computeResourceField(whole, field, { cpu: '4' })).toBe('3');
  });
});
