import { expect, test } from 'vitest';
import { negotiate } from './zpages.ts';

test.each([
  ['nothing said', undefined, { kind: 'text' }],
  ['anything', '*/*', { kind: 'text' }],
  ['text', 'text/plain', { kind: 'text' }],
  ['the object', 'application/json;v=v1beta1;g=config.k8s.io;as=Statusz', { kind: 'json', version: 'v1beta1' }],
  [
    'the older object first',
    'application/json;v=v1alpha1;g=config.k8s.io;as=Statusz, text/plain',
    { kind: 'json', version: 'v1alpha1' },
  ],
  ['another kind, or else text', 'application/json;v=v1beta1;g=config.k8s.io;as=Flagz,text/plain', { kind: 'text' }],
  ['another version', 'application/json;v=v2;g=config.k8s.io;as=Statusz', { kind: 'unknown' }],
  ['JSON of no kind', 'application/json', { kind: 'unknown' }],
])('%s', (_name, accept, expected) => expect(negotiate(accept, 'Statusz')).toEqual(expected));
