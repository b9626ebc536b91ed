import { describe, expect, test } from 'vitest';
import type { JournalReader } from '../../journal/journal.ts';
import type { JournalRecord } from '../../journal/record.ts';
import { aContainer, aPod, aSeen, aSeenPod, exited, noon } from '../test-builders.ts';
import { nodeStartupMeter, podStartMeter, terminationMeter } from './derived-metrics.ts';

/** Remembers what was measured, as `name{labels} value`. */
function aMeter() {
  const told: string[] = [];
  const note = (name: string, value: number, labels: Readonly<Record<string, string>> = {}) =>
    told.push(`${name}${Object.keys(labels).length === 0 ? '' : JSON.stringify(labels)} ${value}`);
  return {
    told,
    meters: {
      count: (name: string, labels?: Readonly<Record<string, string>>, by = 1) => void note(name, by, labels),
      gauge: (name: string, value: number) => void note(name, value),
      observe: (name: string, value: number) => void note(name, value),
      forget: () => {},
    },
  };
}

const play = (reader: JournalReader, records: readonly (readonly [seconds: number, record: JournalRecord])[]) => {
  for (const [seconds, record] of records) reader(record, noon + seconds * 1000);
};

describe('how long a node takes', () => {
  const registering: JournalRecord = { kind: 'node.registering', node: 'n' };
  const registered = (before: boolean): JournalRecord => ({ kind: 'node.registered', node: 'n', before });
  const ready: JournalRecord = { kind: 'node.condition', node: 'n', reason: 'NodeReady' };

  test('until it is made, and ready; told once', () => {
    const { meters, told } = aMeter();
    play(nodeStartupMeter(meters, noon, noon - 60_000), [
      [2, registering],
      [5, registering],
      [7, registered(false)],
      [8, { kind: 'node.condition', node: 'n', reason: 'NodeHasSufficientMemory' }],
      [10, ready],
      [20, ready],
    ]);
    expect(told).toEqual([
      'kubelet_node_startup_pre_kubelet_duration_seconds 60',
      'kubelet_node_startup_pre_registration_duration_seconds 2',
      'kubelet_node_startup_registration_duration_seconds 5',
      'kubelet_node_startup_post_registration_duration_seconds 3',
      'kubelet_node_startup_duration_seconds 70',
    ]);
  });

  test('is not told of one that was there before', () => {
    const { meters, told } = aMeter();
    play(nodeStartupMeter(meters, noon, noon), [
      [1, registering],
      [2, registered(true)],
      [3, ready],
    ]);
    expect(told).toEqual([]);
  });
});

describe('how long a pod takes to start', () => {
  const object = { kind: 'Pod', namespace: 'ns', name: 'web', uid: 'u' };
  const pulling: JournalRecord = { kind: 'image.pulling', object, image: 'i' };
  const failed: JournalRecord = { kind: 'image.pullFailed', object, image: 'i', error: 'no' };
  const pulled: JournalRecord = { kind: 'image.pulled', object, image: 'i', ms: 1, withWaitingMs: 1, sizeBytes: 1 };
  const runs = (sinceCreatedMs: number): JournalRecord => ({
    kind: 'pod.running',
    pod: 'ns/web',
    sinceSeenMs: 1,
    sinceCreatedMs,
  });

  test.each<[string, readonly (readonly [number, JournalRecord])[], number]>([
    ['nothing was pulled', [[30, runs(30_000)]], 30],
    [
      'one image was pulled',
      [
        [1, pulling],
        [11, pulled],
        [30, runs(30_000)],
      ],
      20,
    ],
    [
      'two at once, and one after the other',
      [
        [1, pulling],
        [3, pulling],
        [5, pulled],
        [6, pulled],
        [10, pulling],
        [15, failed],
        [30, runs(30_000)],
      ],
      20,
    ],
  ])('%s', (_name, records, expected) => {
    const { meters, told } = aMeter();
    play(podStartMeter(meters), records);
    expect(told).toEqual([`kubelet_pod_start_sli_duration_seconds ${expected}`]);
  });

  test('a pod of the same name begins anew', () => {
    const { meters, told } = aMeter();
    play(podStartMeter(meters), [
      [1, pulling],
      [11, pulled],
      [12, { kind: 'pod.finished', pod: 'ns/web', uid: 'u' }],
      [30, runs(5000)],
    ]);
    expect(told).toEqual(['kubelet_pod_start_sli_duration_seconds 5']);
  });
});

describe('containers that end', () => {
  const died = (id: string): JournalRecord => ({
    kind: 'runtime.podEvent',
    pod: 'default/web',
    event: { uid: 'uid-1', type: 'ContainerDied', id },
  });
  const pod = aPod({ initContainers: [aContainer('init')], containers: [aContainer('main')] });
  const seen = aSeenPod([aSeen('init', exited(0)), aSeen('main', exited(3))]);

  test.each([
    ['main', 'container', '3', 1],
    ['init', 'init_container', '0', 0],
  ])('%s is counted as %s that ended with %s', (_name, container_type, exit_code, index) => {
    const { meters, told } = aMeter();
    const container = seen.containers[index];
    play(terminationMeter({ meters, cache: { get: () => seen }, podByUid: () => pod }), [
      [0, died(container?.id ?? '')],
    ]);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`"container_type":"${container_type}","exit_code":"${exit_code}"`);
  });

  test('a sandbox is none', () => {
    const { meters, told } = aMeter();
    play(terminationMeter({ meters, cache: { get: () => seen }, podByUid: () => pod }), [[0, died('sandbox')]]);
    expect(told).toEqual([]);
  });
});
