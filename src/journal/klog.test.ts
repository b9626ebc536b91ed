import { describe, expect, test } from 'vitest';
import { klogReader } from './klog.ts';
import type { JournalRecord } from './record.ts';

const object = {
  apiVersion: 'v1',
  kind: 'Pod',
  namespace: 'default',
  name: 'web',
  uid: 'u1',
  fieldPath: 'spec.containers{web}',
};
const killing: JournalRecord = {
  kind: 'pod.containerKilling',
  object,
  container: 'web',
  containerId: 'c1',
  graceSeconds: 30,
  message: 'Stopping container web',
};

function logged(record: JournalRecord, verbosity: number, format: 'text' | 'json' = 'text'): readonly string[] {
  const lines: string[] = [];
  const write = (text: string) => void lines.push(text);
  klogReader({ verbosity: () => verbosity, format: () => format, write, pid: 7 })(record, Date.UTC(2026, 10, 23));
  return lines.map((line) => line.replace(/^(.)\d{4} \S+ +7 /, '$1 '));
}

describe('what shows at which -v', () => {
  test.each([
    [1, []],
    [2, ['I pod.ts:1] "Killing container']],
    [3, ['I pod.ts:1] "Killing container', 'I event.ts:1] "Event occurred"']],
    [
      4,
      ['I pod.ts:1] "Killing container', 'I event.ts:1] "Event occurred"', 'I event.ts:1] Event(v1.ObjectReference{'],
    ],
  ])('-v %i', (verbosity, beginnings) => {
    const lines = logged(killing, verbosity);
    expect(lines).toHaveLength(beginnings.length);
    for (const [index, beginning] of beginnings.entries()) expect(lines[index]?.startsWith(beginning)).toBe(true);
  });
});

test('an Event says at -v 3 what upstream says, and at -v 4 what it refers to, as older kubelets did', () => {
  expect(logged(killing, 4).slice(1)).toEqual([
    'I event.ts:1] "Event occurred" object="default/web" fieldPath="spec.containers{web}" kind="Pod" apiVersion="v1" type="Normal" reason="Killing" message="Stopping container web"\n',
    'I event.ts:1] Event(v1.ObjectReference{Kind:"Pod", Namespace:"default", Name:"web", UID:"u1", APIVersion:"v1", ResourceVersion:"", FieldPath:"spec.containers{web}"}): type: \'Normal\' reason: \'Killing\' Stopping container web\n',
  ]);
});

test('in JSON too', () => {
  expect(JSON.parse(logged(killing, 3, 'json')[1] ?? '')).toMatchObject({
    msg: 'Event occurred',
    v: 3,
    reason: 'Killing',
  });
});

test('what has several lines shows as it is, indented', () =>
  expect(logged({ kind: 'node.configuration', text: 'kind: X\nport: 1\n' }, 0)).toEqual([
    'I node.ts:1] "Effective KubeletConfiguration" config=<\n\tkind: X\n\tport: 1\n >\n',
  ]));
