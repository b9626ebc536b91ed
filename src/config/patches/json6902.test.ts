import { describe, expect, test } from 'vitest';
import { applyJson6902, parseJson6902 } from './json6902.ts';

describe('operations that apply', () => {
  test.each([
    ['add a member', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
    ['add over a member replaces it', { foo: 1 }, [{ op: 'add', path: '/foo', value: 2 }], { foo: 2 }],
    ['add inside a list', { foo: ['a', 'c'] }, [{ op: 'add', path: '/foo/1', value: 'b' }], { foo: ['a', 'b', 'c'] }],
    ['add at the end by index', { foo: ['a'] }, [{ op: 'add', path: '/foo/1', value: 'b' }], { foo: ['a', 'b'] }],
    ['add at the end by dash', { foo: ['a'] }, [{ op: 'add', path: '/foo/-', value: ['b'] }], { foo: ['a', ['b']] }],
    ['add the whole document', { foo: 1 }, [{ op: 'add', path: '', value: [1] }], [1]],
    ['remove a member', { foo: 1, bar: 2 }, [{ op: 'remove', path: '/bar' }], { foo: 1 }],
    ['remove from a list', ['a', 'b'], [{ op: 'remove', path: '/0' }], ['b']],
    ['replace', { a: { b: 1 } }, [{ op: 'replace', path: '/a/b', value: null }], { a: { b: null } }],
    ['move', { a: { b: 1 }, c: {} }, [{ op: 'move', from: '/a/b', path: '/c/d' }], { a: {}, c: { d: 1 } }],
    ['move in a list', [1, 2, 3], [{ op: 'move', from: '/0', path: '/2' }], [2, 3, 1]],
    ['copy', { a: [1] }, [{ op: 'copy', from: '/a', path: '/b' }], { a: [1], b: [1] }],
    ['test that holds', { a: [{ x: 1, y: 2 }] }, [{ op: 'test', path: '/a/0', value: { y: 2, x: 1 } }], undefined],
    ['escaped steps', { 'a/b': 1, 'm~n': 2 }, [{ op: 'remove', path: '/a~1b' }], { 'm~n': 2 }],
    ['~01 is ~1', { '~1': 1 }, [{ op: 'remove', path: '/~01' }], {}],
    ['an empty key', { '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 }],
    [
      'operations see what the ones before them did',
      {},
      [
        { op: 'add', path: '/a', value: {} },
        { op: 'add', path: '/a/b', value: 1 },
      ],
      { a: { b: 1 } },
    ],
  ])('%s', (_name, target, ops, want) => {
    const before = structuredClone(target);
    expect(applyJson6902(target, ops)).toEqual(want ?? target);
    expect(target).toEqual(before);
  });
});

describe('operations that do not apply', () => {
  test.each([
    ['remove what is not there', {}, { op: 'remove', path: '/a' }, 'operation 1 (remove /a): /a does not exist'],
    ['replace what is not there', {}, { op: 'replace', path: '/a', value: 1 }, '/a does not exist'],
    ['a parent that is not there', {}, { op: 'add', path: '/a/b', value: 1 }, ': /a does not exist'],
    ['a parent that is a string', { a: 'x' }, { op: 'add', path: '/a/b', value: 1 }, '/a is not an object or a list'],
    ['past the end of a list', { a: [1] }, { op: 'add', path: '/a/2', value: 1 }, '/a/2 does not exist'],
    ['an index with a leading zero', { a: [1] }, { op: 'remove', path: '/a/00' }, '/a/00 does not exist'],
    ['a dash reads nothing', { a: [1] }, { op: 'remove', path: '/a/-' }, '/a/- does not exist'],
    ['an inherited member', {}, { op: 'remove', path: '/toString' }, '/toString does not exist'],
    ['into itself', { a: { b: 1 } }, { op: 'move', from: '/a', path: '/a/b' }, '/a cannot be moved into itself'],
    ['a failed test', { a: 1 }, { op: 'test', path: '/a', value: 2 }, 'expected 2, found 1'],
  ])('%s', (_name, target, op, message) => {
    expect(() => applyJson6902(target, [op])).toThrow(
      expect.objectContaining({ code: 'PATCH_DOES_NOT_APPLY', message: expect.stringContaining(message) }),
    );
  });
});

describe('malformed patches', () => {
  test.each([
    ['not a list', { op: 'add' }, 'not a list of operations'],
    ['not an object', ['add'], 'operation 1 is not an object'],
    ['unknown op', [{ op: 'set', path: '/a', value: 1 }], 'operation 1 has op "set"'],
    ['no path', [{ op: 'remove' }], 'operation 1 has no path'],
    ['a path without a slash', [{ op: 'remove', path: 'a' }], 'it must start with a slash'],
    ['no value', [{ op: 'add', path: '/a' }], 'operation 1 (add /a) has no value'],
    [
      'no from',
      [
        { op: 'remove', path: '/a' },
        { op: 'copy', path: '/a' },
      ],
      'operation 2 has no from',
    ],
    ['a bad escape', [{ op: 'remove', path: '/a~2' }], 'write ~0 for ~'],
  ])('%s', (_name, ops, message) => {
    expect(() => parseJson6902(ops)).toThrow(
      expect.objectContaining({ code: 'PATCH_MALFORMED', message: expect.stringContaining(message) }),
    );
  });
});
