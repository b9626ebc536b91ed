import { expect, test } from 'vitest';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from '../observed.ts';
import { decideGarbage } from './decide.ts';

const facts = {
  hash: '',
  image: '',
  imageRef: '',
  imageId: '',
  createdAt: 0,
  logPath: '',
  labels: {},
  annotations: {},
  resources: undefined,
  user: undefined,
};
const exited = (id: string, name = 'web', sandboxId = 's1'): ObservedContainer => ({
  ...facts,
  id,
  name,
  sandboxId,
  restartCount: 0,
  state: 'exited',
  startedAt: 0,
  finishedAt: 0,
  exitCode: 0,
  reason: '',
  message: '',
});
const running = (id: string, name = 'web', sandboxId = 's1'): ObservedContainer => ({
  ...facts,
  id,
  name,
  sandboxId,
  restartCount: 0,
  state: 'running',
  startedAt: 0,
});
const sandbox = (id: string, ready: boolean): ObservedSandbox => ({
  id,
  attempt: 0,
  createdAt: 0,
  ready,
  networkMode: 'pod',
  ips: [],
  runtimeHandler: '',
});
const aPod = (sandboxes: ObservedSandbox[], containers: ObservedContainer[]): ObservedPod => ({
  uid: 'u',
  name: 'p',
  namespace: 'n',
  sandboxes,
  containers,
  ips: [],
  observedAt: 0,
});
const decide = (pod: ObservedPod, inUse: boolean) =>
  decideGarbage({ seen: [pod], inUse: () => inUse, keepPerContainer: 1 }).map(({ kind, id }) => `${kind} ${id}`);

test.each<[string, ObservedPod, boolean, string[]]>([
  [
    'of a pod that is gone, everything',
    aPod([sandbox('s1', false)], [exited('c2'), exited('c1')]),
    false,
    ['removeContainer c2', 'removeContainer c1', 'removeSandbox s1'],
  ],
  ['but nothing that still runs', aPod([sandbox('s1', true)], [running('c1')]), false, []],
  [
    'of a live pod, the newest dead instance is kept',
    aPod([sandbox('s1', true)], [running('c3'), exited('c2'), exited('c1')]),
    true,
    ['removeContainer c1'],
  ],
  ['each container by itself', aPod([sandbox('s1', true)], [exited('a1', 'a'), exited('b1', 'b')]), true, []],
  [
    'a replaced sandbox goes when it is empty',
    aPod([sandbox('s2', true), sandbox('s1', false)], [running('c2', 'web', 's2')]),
    true,
    ['removeSandbox s1'],
  ],
  [
    'not while a kept container lies in it',
    aPod([sandbox('s2', true), sandbox('s1', false)], [exited('c1', 'web', 's1')]),
    true,
    [],
  ],
  ['the newest sandbox stays, ready or not', aPod([sandbox('s1', false)], [exited('c1')]), true, []],
])('%s', (_name, pod, inUse, expected) => expect(decide(pod, inUse)).toEqual(expected));
