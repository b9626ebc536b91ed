import { expect, test } from 'vitest';
import { hashContainer } from './hash.ts';

test.each([
  ['test_container', 'foo/image:v1', '8e45cbd0'],
  ['foo', 'bar', '11a6d6d6'],
])('%s with image %s hashes as upstream does', (name, image, hash) => {
  expect(hashContainer({ name, image })).toBe(hash);
});
