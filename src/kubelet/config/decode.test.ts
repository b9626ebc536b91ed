import { expect, test } from 'vitest';
import { decodeConfiguration } from './decode.ts';

test.each<[string, object, string]>([
  [
    'a text for a number',
    { maxPods: '10' },
    'unmarshal string into Go struct field KubeletConfiguration.maxPods of type',
  ],
  ['a fraction for a number', { port: 1.5 }, 'unmarshal number 1.5 into Go struct field KubeletConfiguration.port of'],
  [
    'a text for a truth',
    { enableServer: 'yes' },
    'string into Go struct field KubeletConfiguration.enableServer of type bool',
  ],
  ['a number for a truth', { enableServer: 1 }, 'cannot unmarshal number into'],
  [
    'a list for a map',
    { evictionHard: ['a'] },
    'array into Go struct field KubeletConfiguration.evictionHard of type map',
  ],
  ['a number in a map of texts', { systemReserved: { cpu: 1 } }, 'KubeletConfiguration.systemReserved of type string'],
  [
    'a value for fields',
    { authentication: 5 },
    'number into Go struct field KubeletConfiguration.authentication of type',
  ],
  ['a value in a list', { clusterDNS: [1] }, 'KubeletConfiguration.clusterDNS of type string'],
  ['a number below 0', { logging: { verbosity: -1 } }, 'KubeletConfiguration.logging.verbosity of type uint32'],
  ['a duration that is none', { syncFrequency: 'abc' }, 'time: invalid duration "abc"'],
  ['a number as duration', { syncFrequency: 5 }, 'cannot unmarshal number into'],
])('%s cannot be read', (_name, tree, problem) => {
  const decoded = decodeConfiguration(tree as Record<string, unknown>);
  expect(decoded.kind === 'broken' && decoded.problem).toContain(problem);
});

test('what is not known is left out and told, wherever it is', () => {
  const tree = {
    maxPods: 3,
    maxpods: 4,
    authentication: { bogus: 1, anonymous: { enabled: true, on: true } },
    registerWithTaints: [{ key: 'a', effect: 'NoSchedule', colour: 'red' }],
  };
  expect(decodeConfiguration(tree)).toEqual({
    kind: 'decoded',
    fields: {
      maxPods: 3,
      authentication: { anonymous: { enabled: true } },
      registerWithTaints: [{ key: 'a', effect: 'NoSchedule' }],
    },
    unknown: ['maxpods', 'authentication.bogus', 'authentication.anonymous.on', 'registerWithTaints[0].colour'],
  });
});

test('null and maps of any names stay', () =>
  expect(decodeConfiguration({ clusterDomain: null, evictionHard: { anything: '5%' } })).toMatchObject({
    fields: { clusterDomain: null, evictionHard: { anything: '5%' } },
    unknown: [],
  }));
