import { describe, expect, it } from 'vitest';
import { findCollision, renderNodeIds, withEntry } from './node-object.ts';
import { attachmentName, inlineHandle, stagingFolder } from './places.ts';
import { type CsiVolume, computeCapability, findLifecycleProblem, takesGroup } from './request.ts';

const volume = (over: Partial<CsiVolume> = {}): CsiVolume => ({
  driver: 'd',
  handle: 'h',
  specName: 'pv',
  inline: false,
  block: false,
  readOnly: false,
  fsType: 'ext4',
  attributes: {},
  mountOptions: ['noatime'],
  accessModes: ['ReadWriteOnce'],
  stageSecret: undefined,
  publishSecret: undefined,
  ...over,
});

describe('the pod’s group is given a volume', () => {
  it.each([
    { name: 'one writer and a file system', over: {}, policy: undefined, expected: true },
    { name: 'no file system named', over: { fsType: '' }, policy: undefined, expected: false },
    { name: 'many writers', over: { accessModes: ['ReadWriteMany'] }, policy: undefined, expected: false },
    { name: 'many writers, policy File', over: { accessModes: ['ReadWriteMany'] }, policy: 'File', expected: true },
    { name: 'policy None', over: {}, policy: 'None', expected: false },
    { name: 'read-only', over: { readOnly: true }, policy: 'File', expected: false },
    { name: 'inline', over: { inline: true }, policy: undefined, expected: true },
  ])('$name: $expected', ({ over, policy, expected }) => {
    expect(takesGroup(volume(over), policy)).toBe(expected);
  });
});

describe('access modes', () => {
  it.each([
    { mode: 'ReadWriteOnce', plain: 1, exact: 7 },
    { mode: 'ReadOnlyMany', plain: 3, exact: 3 },
    { mode: 'ReadWriteMany', plain: 5, exact: 5 },
    { mode: 'ReadWriteOncePod', plain: 1, exact: 6 },
  ])('$mode', ({ mode, plain, exact }) => {
    const asked = volume({ accessModes: [mode] });
    expect(computeCapability(asked, false, undefined).accessMode).toEqual({ mode: plain });
    expect(computeCapability(asked, true, undefined).accessMode).toEqual({ mode: exact });
  });

  it('come with the group for a driver that gives it', () => {
    expect(computeCapability(volume(), false, 2000).mount).toEqual({
      fsType: 'ext4',
      mountFlags: ['noatime'],
      volumeMountGroup: '2000',
    });
  });
});

describe('ways of life', () => {
  it.each([
    { name: 'persistent, no object', inline: false, spec: undefined, fails: false },
    { name: 'inline, no object', inline: true, spec: undefined, fails: true },
    { name: 'inline, not named', inline: true, spec: {}, fails: true },
    { name: 'inline, named', inline: true, spec: { volumeLifecycleModes: ['Ephemeral'] }, fails: false },
    { name: 'persistent, not named', inline: false, spec: { volumeLifecycleModes: ['Ephemeral'] }, fails: true },
  ])('$name', ({ inline, spec, fails }) => {
    expect(findLifecycleProblem(volume({ inline }), spec) !== undefined).toBe(fails);
  });
});

describe('names', () => {
  it('are hashes of what they stand for', () => {
    const empty = /[0-9a-f]{64}$/;
    expect(stagingFolder('/r', 'd', 'abc')).toBe(
      '/r/plugins/kubernetes.io/csi/d/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    expect(attachmentName('a', 'b', 'c')).toBe('csi-ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(inlineHandle('uid', 'data')).toMatch(empty);
  });
});

describe('the Node', () => {
  it('keeps what other drivers said', () => {
    expect(renderNodeIds('{"a":"1","b":"2"}', 'b', '3')).toBe('{"a":"1","b":"3"}');
    expect(renderNodeIds(undefined, 'a', '1')).toBe('{"a":"1"}');
    expect(renderNodeIds('{"a":"1","b":"2"}', 'b', undefined)).toBe('{"a":"1"}');
    expect(renderNodeIds('{"a":"1"}', 'a', undefined)).toBeNull();
    expect(renderNodeIds(undefined, 'a', undefined)).toBeNull();
    const entry = (name: string, nodeID: string) => ({ name, nodeID, topologyKeys: null });
    expect(withEntry([entry('a', '1'), entry('b', '2')], entry('a', '3'))).toEqual([entry('b', '2'), entry('a', '3')]);
  });

  it.each([
    { name: 'new labels', labels: { other: 'x' }, collides: false },
    { name: 'the same label', labels: { zone: 'a' }, collides: false },
    { name: 'another value', labels: { zone: 'b' }, collides: true },
  ])('takes a driver’s topology for its own: $name', ({ labels, collides }) =>
    expect(findCollision(labels, { zone: 'a' }) !== undefined).toBe(collides),
  );
});
