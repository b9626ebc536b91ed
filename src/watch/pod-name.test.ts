import { expect, test } from 'vitest';
import { parsePodName } from './pod-name.ts';

test.each([
  ['web', 'blue', 'web'],
  ['kube-system/coredns-x', 'kube-system', 'coredns-x'],
  ['pod/web', 'blue', 'web'],
  ['pod/web.example', 'blue', 'web.example'],
])('%s', (text, namespace, name) => expect(parsePodName(text, 'blue')).toEqual({ namespace, name }));

test.each(['', 'Web', 'a/b/c', '../etc', 'a/', '/b', 'a b', 'web?x=1', 'x'.repeat(254)])('is no pod: %j', (text) => {
  expect(() => parsePodName(text, 'blue')).toThrow(/not the name of a pod/);
});
