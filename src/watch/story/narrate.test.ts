import { describe, expect, test } from 'vitest';
import { renderShown } from '../../journal/live-view.ts';
import type { JournalRecord } from '../../journal/record.ts';
import { parseRecord, type WatchedRecord } from '../record.ts';
import { narrator } from './narrate.ts';
import type { Step } from './step.ts';

const object = {
  apiVersion: 'v1',
  kind: 'Pod',
  namespace: 'ns',
  name: 'web',
  uid: 'u',
  fieldPath: 'spec.containers{main}',
};

/** Over the wire, as the kubelet writes it. */
function heard(record: JournalRecord, at = 0): WatchedRecord {
  const line = renderShown({ at: new Date(at).toISOString(), pods: ['ns/web'], record });
  const parsed = parseRecord(line, 'n1');
  if (parsed === undefined) throw new Error(`not a record: ${line}`);
  return parsed;
}

const tell = (...records: readonly JournalRecord[]): readonly Step[] => {
  const narrate = narrator();
  return records.flatMap((record, i) => narrate(heard(record, i * 100)));
};

test.each<[string, JournalRecord, Partial<Step>]>([
  [
    'what is wanted',
    { kind: 'pod.changed', operation: 'DELETE', source: 'api', pods: ['ns/web'] },
    { stage: 'desired', text: 'DELETE from api: it is to stop: somebody deleted it' },
  ],
  [
    'a probe that failed',
    {
      kind: 'probe.attempted',
      probe: 'readiness',
      object,
      container: 'main',
      containerId: 'i',
      outcome: { kind: 'failure', output: 'HTTP 503\n' },
      ms: 3,
    },
    { stage: 'probed', text: 'readiness probe of main: failure: HTTP 503', span: { phase: 'probe', ms: 3, ok: false } },
  ],
  [
    'an image’s arrival',
    { kind: 'image.pulled', object, image: 'busybox', ms: 5, withWaitingMs: 9, sizeBytes: 2 ** 20 },
    { text: 'pulled image busybox, 1.0 MiB', container: 'main', span: { phase: 'pull', ms: 9, ok: true } },
  ],
  [
    'a back-off',
    { kind: 'pod.backOff', object, container: 'main', pod: 'web_ns(u)' },
    { stage: 'waits', text: 'container main is started again later', because: 'it ended too often: back-off' },
  ],
  [
    'a phase in what was written',
    { kind: 'pod.statusPatched', pod: 'ns/web', uid: 'u', patch: '{"status":{"phase":"Running"}}', ms: 1 },
    { phase: 'Running', text: 'status written to the API server, phase Running' },
  ],
  [
    'a patch that is cut off',
    { kind: 'pod.statusPatched', pod: 'ns/web', uid: 'u', patch: '{"status":{"ph', ms: 1 },
    { text: 'status written to the API server' },
  ],
  [
    'a call to a driver that failed',
    { kind: 'csi.called', driver: 'd', method: 'NodePublishVolume', ms: 4, code: 'INTERNAL' },
    { stage: 'failed', text: 'd NodePublishVolume: INTERNAL', span: { phase: 'volumes', ms: 4, ok: false } },
  ],
  [
    'a kind without words of its own, by its fields',
    { kind: 'pod.logLinkFailed', pod: 'ns/web', container: 'main', error: 'no space' },
    { stage: 'failed', text: 'log link failed container=main error=no space', container: 'main' },
  ],
])('tells %s', (_name, record, expected) => {
  expect(tell(record)).toEqual([
    expect.objectContaining({ node: 'n1', pods: ['ns/web'], kind: record.kind, ...expected }),
  ]);
});

describe('narrator', () => {
  test('each action of a decision is a step, with its reason', () => {
    const decided = {
      kind: 'pod.decided',
      pod: 'ns/web',
      actions: [
        { kind: 'createSandbox', because: 'no pod sandbox exists' },
        { kind: 'startContainer', container: 'main', because: 'the sandbox is new' },
      ],
    } as const;
    expect(tell(decided).map(({ text, because }) => [text, because])).toEqual([
      ['createSandbox', 'no pod sandbox exists'],
      ['startContainer main', 'the sandbox is new'],
    ]);
  });

  test('knows containers by name once they were created, and how long their start took', () => {
    const steps = tell(
      { kind: 'pod.containerCreated', object, container: 'main', containerId: 'abc', ms: 7 },
      { kind: 'pod.containerStarted', object, container: 'main', list: 'containers', containerId: 'abc', ms: 500 },
      { kind: 'runtime.podEvent', pod: 'ns/web', event: { uid: 'u', type: 'ContainerDied', id: 'abc', exitCode: 3 } },
      { kind: 'runtime.podEvent', pod: 'ns/web', event: { uid: 'u', type: 'ContainerDied', id: '0123456789abcdef' } },
    );
    expect(steps.map(({ span }) => span)).toEqual([
      { phase: 'create', ms: 7, ok: true },
      { phase: 'start', ms: 100, ok: true },
      undefined,
      undefined,
    ]);
    expect(steps.slice(2).map(({ text }) => text)).toEqual([
      'ContainerDied: container main has ended, exit code 3',
      'ContainerDied: container 0123456789abc has ended',
    ]);
  });

  test('bears records of another version', () => {
    const narrate = narrator();
    const odd = [
      '{"at":"2026-11-23T00:00:00.000Z","kind":"pod.decided","pod":"a/a","actions":"none"}',
      '{"at":"2026-11-23T00:00:00.000Z","kind":"new.kind","depth":3,"what":{"a":1}}',
    ];
    const steps = odd.flatMap((line) =>
      narrate(parseRecord(line, 'n') ?? heard({ kind: 'node.kubeletStarted', node: 'n' })),
    );
    expect(steps.map(({ stage, text }) => [stage, text])).toEqual([['node', 'kind depth=3']]);
  });
});

test.each([
  '',
  'x',
  '{"at":"yesterday","kind":"a.b"}',
  '{"at":"2026-11-23T00:00:00.000Z"}',
  '[]',
  '{"at":"2026-11-23T00:',
])('what is no record is none: %j', (line) => expect(parseRecord(line, 'n')).toBeUndefined());
