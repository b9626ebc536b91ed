import { expect, test } from 'vitest';
import { decodePod } from './decode-pod.ts';
import { UndecodableManifest } from './manifest-error.ts';

const decode = (spec: unknown, metadata: unknown = { name: 'web' }) =>
  decodePod({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
const withContainer = (fields: object) => ({ containers: [{ name: 'a', image: 'i', ...fields }] });

test.each<[string, unknown, unknown]>([
  ['number into Go struct field ObjectMeta.metadata.labels of type string', {}, { labels: { a: 1 } }],
  ['array into Go struct field ObjectMeta.metadata.labels of type map[string]string', {}, { labels: ['a'] }],
  ['string into Go struct field Pod.metadata of type v1.ObjectMeta', {}, 'x'],
  ['string into Go struct field PodSpec.spec.containers of type []v1.Container', { containers: 'x' }, {}],
  ['string into Go struct field PodSpec.spec.containers of type v1.Container', { containers: ['x'] }, {}],
  ['bool into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy', { restartPolicy: false }, {}],
  ['number 1.5 into Go struct field PodSpec.spec.priority of type int32', { priority: 1.5 }, {}],
  [
    'bool into Go struct field EnvVar.spec.containers.env.value of type string',
    withContainer({ env: [{ name: 'A', value: true }] }),
    {},
  ],
  [
    'string into Go struct field Container.spec.containers.command of type []string',
    withContainer({ command: 'sh' }),
    {},
  ],
  ['number into Go struct field Container.spec.containers.args of type string', withContainer({ args: ['a', 1] }), {}],
  [
    'string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    withContainer({ ports: [{ containerPort: '80' }] }),
    {},
  ],
])('json: cannot unmarshal %s', (problem, spec, metadata) => {
  expect(() => decode(spec, metadata)).toThrow(UndecodableManifest);
  expect(() => decode(spec, metadata)).toThrow(`json: cannot unmarshal ${problem}`);
});

test('what is null is not there', () =>
  expect(decode({ ...withContainer({ args: null, env: null }), volumes: null }, { name: 'web', labels: null })).toEqual(
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web' },
      spec: withContainer({}),
    },
  ));

test('amounts may be numbers', () =>
  expect(() => decode(withContainer({ resources: { limits: { cpu: 1 } } }))).not.toThrow());
