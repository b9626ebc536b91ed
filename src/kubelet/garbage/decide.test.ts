import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import type { ObservedContainer, ObservedPod } from '../observed.ts';
import { aPod, aSandbox, aSeen, aSeenPod, created, deleted, exited, noon, running } from '../test-builders.ts';
import { decideGarbage, type GarbageLimits, isContentGone } from './decide.ts';

const dead = (id: string, name = 'web', age = 0, sandboxId = 's1'): ObservedContainer =>
  aSeen(name, exited(0), { id, sandboxId, createdAt: noon - age });
const alive = (id: string, sandboxId = 's1'): ObservedContainer => aSeen('web', running, { id, sandboxId });
const sandbox = (id: string, ready: boolean) => aSandbox({ id, ready });

interface Case {
  readonly gone?: boolean;
  readonly thorough?: boolean;
  readonly limits?: Partial<GarbageLimits>;
}
const decide = (seen: readonly ObservedPod[], { gone = false, thorough = false, limits = {} }: Case = {}) =>
  decideGarbage({
    seen,
    now: noon,
    isGone: () => gone,
    limits: { perContainer: 1, total: -1, minAgeMs: 0, ...limits },
    thorough,
  }).map(({ kind, id }) => `${kind === 'removeContainer' ? 'container' : 'sandbox'} ${id}`);
const seenPod = (sandboxes: ObservedPod['sandboxes'], containers: readonly ObservedContainer[]) =>
  aSeenPod(containers, { sandboxes });

const gone = { gone: true };
test.each<[string, ObservedPod, Case, string[]]>([
  [
    'of a pod that is gone, everything',
    seenPod([sandbox('s1', false)], [dead('c2'), dead('c1')]),
    gone,
    ['container c2', 'container c1', 'sandbox s1'],
  ],
  ['but nothing that still runs', seenPod([sandbox('s1', false)], [alive('c1')]), gone, []],
  [
    'of a live pod, the newest dead instance is kept',
    seenPod([sandbox('s1', true)], [alive('c3'), dead('c2'), dead('c1')]),
    {},
    ['container c1'],
  ],
  ['each container by itself', seenPod([sandbox('s1', true)], [dead('a1', 'a'), dead('b1', 'b')]), {}, []],
  [
    'a replaced sandbox goes when it is empty',
    seenPod([sandbox('s2', true), sandbox('s1', false)], [alive('c2', 's2')]),
    {},
    ['sandbox s1'],
  ],
  [
    'not while a kept container lies in it',
    seenPod([sandbox('s2', true), sandbox('s1', false)], [dead('c1', 'web', 0, 's1')]),
    {},
    [],
  ],
  ['the newest sandbox stays, ready or not', seenPod([sandbox('s1', false)], [dead('c1')]), {}, []],
])('%s', (_name, pod, given, expected) => expect(decide([pod], given)).toEqual(expected));

describe('limits', () => {
  const s1 = [sandbox('s1', true)];
  const three = seenPod(s1, [dead('c3', 'web', 1), dead('c2', 'web', 2), dead('c1', 'web', 3)]);
  const two = seenPod(s1, [dead('a1', 'a', 5), dead('b1', 'b', 4)]);
  const waiting = seenPod(s1, [aSeen('web', created, { id: 'c2' }), dead('c1')]);

  test.each<[string, readonly ObservedPod[], Case, string[]]>([
    ['as many as are wanted are kept', [three], { limits: { perContainer: 2 } }, ['container c1']],
    ['the last state stays at first', [three], { limits: { perContainer: 0 } }, ['container c2', 'container c1']],
    [
      'and goes when none is wanted',
      [three],
      { limits: { perContainer: 0 }, thorough: true },
      ['container c2', 'container c1', 'container c3'],
    ],
    [
      'without a limit, the newest is kept all the same',
      [three],
      { limits: { perContainer: -1 }, thorough: true },
      ['container c2', 'container c1'],
    ],
    ['one that never started counts at length', [waiting], { thorough: true }, ['container c1']],
    ['but not at once', [waiting], {}, []],
    ['of all together: the oldest goes', [two], { limits: { total: 1 }, thorough: true }, ['container a1']],
    [
      'each container gives up its own first',
      [three, two],
      {
        limits: { perContainer: 3, total: 3 },
        thorough: true,
      },
      ['container c2', 'container c1'],
    ],
    ['but not at once', [two], { limits: { total: 1 } }, []],
    ['as many as may be: none goes', [two], { limits: { total: 2 }, thorough: true }, []],
    ['what is young stays though its pod is gone', [two], { gone: true, limits: { minAgeMs: 5 } }, ['container a1']],
    ['young ones are not counted', [two], { limits: { total: 0, minAgeMs: 5 }, thorough: true }, ['container a1']],
    ['an old end goes, however young', [three], { limits: { minAgeMs: 60_000 } }, ['container c2', 'container c1']],
  ])('%s', (_name, seen, given, expected) => expect(decide(seen, given)).toEqual(expected));
});

describe('what a pod leaves is garbage', () => {
  const failed = { phase: 'Failed' };
  test.each<[string, Parameters<typeof isContentGone>, boolean]>([
    ['no source has it, and it never had a worker', [undefined, undefined, undefined], true],
    ['no source has it, but it is still being stopped', ['terminating', undefined, undefined], false],
    ['no source has it, and its worker is through', ['finished', undefined, undefined], true],
    ['it is yet to be admitted', [undefined, aPod(), undefined], false],
    ['it was refused', [undefined, aPod(), failed], true],
    ['it ended by itself', ['finished', aPod(), failed], false],
    ['it was evicted', ['finished', aPod(), { ...failed, reason: 'Evicted' }], true],
    ['a finalizer keeps its object', ['finished', deleted(aPod()) as Pod, failed], true],
    ['its deletion is under way', ['terminated', deleted(aPod()), failed], false],
  ])('%s: %j', (_name, given, expected) => expect(isContentGone(...given)).toBe(expected));
});
