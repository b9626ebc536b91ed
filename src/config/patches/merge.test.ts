import { expect, test } from 'vitest';
import { mergePatch } from './merge.ts';

// The cases of RFC 7386, appendix A, and what a hostile or odd document adds to them.
test.each([
  ['replaces a member', { a: 'b' }, { a: 'c' }, { a: 'c' }],
  ['adds a member', { a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  ['null removes a member', { a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  ['null for a member that is not there', { a: 'b' }, { c: null }, { a: 'b' }],
  ['a list is replaced, not merged', { a: ['b'] }, { a: ['c', 'd'] }, { a: ['c', 'd'] }],
  ['a list replaces a string', { a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  ['objects are merged deeply', { a: { b: 'c', d: 1 } }, { a: { b: 'd', c: null } }, { a: { b: 'd', d: 1 } }],
  ['nulls inside a new object are dropped', {}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ['nulls inside a list stay', { e: null }, { a: [null] }, { e: null, a: [null] }],
  ['an object replaces a list', ['a', 'b'], { a: 'b', c: null }, { a: 'b' }],
  ['a list replaces the document', { a: 'foo' }, ['c'], ['c']],
  ['null replaces the document', { a: 'foo' }, null, null],
])('%s', (_name, target, patch, want) => {
  expect(mergePatch(target, patch)).toEqual(want);
});

test('leaves its inputs alone and shares nothing with them', () => {
  const target = { keep: { list: [1] } };
  const patch = { add: { list: [2] } };
  const merged = mergePatch(target, patch);
  expect(merged).toEqual({ keep: { list: [1] }, add: { list: [2] } });
  target.keep.list.push(9);
  patch.add.list.push(9);
  expect(merged).toEqual({ keep: { list: [1] }, add: { list: [2] } });
});

test('a member called __proto__ is an ordinary member', () => {
  const merged = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}'));
  expect(JSON.stringify(merged)).toBe('{"__proto__":{"polluted":true}}');
  expect(Object.getPrototypeOf({})).not.toHaveProperty('polluted');
});
