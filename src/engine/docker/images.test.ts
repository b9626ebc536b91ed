import { expect, test } from 'vitest';
import { splitTag } from './images.ts';

test.each([
  ['klab/node:v1', { repo: 'klab/node', tag: 'v1' }],
  ['klab/node', { repo: 'klab/node', tag: 'latest' }],
  ['registry:5000/a/b', { repo: 'registry:5000/a/b', tag: 'latest' }],
  ['registry:5000/a/b:c', { repo: 'registry:5000/a/b', tag: 'c' }],
])('%s', (reference, expected) => expect(splitTag(reference)).toEqual(expected));
