import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { noReport, parseRecord, readLine } from './parse.ts';
import { oomWatcher } from './watcher.ts';

const begin =
  'stress invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=1000';
const ofNode =
  'oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/kubepods/pod1,task=stress,pid=4242,uid=0';
const ofPod =
  'oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/kubepods/pod1,task_memcg=/kubepods/pod1,task=stress,pid=4242,uid=0';
const killed = 'Out of memory: Killed process 4242 (stress) total-vm:8432kB, anon-rss:4096kB';
const killedInPod = 'Memory cgroup out of memory: Killed process 4242 (stress) total-vm:8432kB';

function killsIn(lines: readonly string[]) {
  let report = noReport;
  return lines.flatMap((line) => {
    const next = readLine(report, line);
    report = next.report;
    return next.killed === undefined ? [] : [next.killed];
  });
}

test.each<[string, string[], { process: string; pid: number }[]]>([
  ['the node has run out of memory', [begin, 'Mem-Info:', ofNode, killed], [{ process: 'stress', pid: 4242 }]],
  ['a pod has reached its limit', [begin, ofPod, killedInPod], []],
  [
    'an old kernel’s words for that',
    [begin, 'Task in /kubepods/pod1 killed as a result of limit of /kubepods/pod1', killed],
    [],
  ],
  ['a line that only looks like it', [killed], []],
  ['one after the other', [begin, ofPod, killedInPod, begin, ofNode, killed], [{ process: 'stress', pid: 4242 }]],
])('%s', (_name, lines, expected) => expect(killsIn(lines)).toEqual(expected));

test('a record’s text is what stands after its numbers', () => {
  expect(parseRecord('6,1234,5678,-;usb 1-1: new device\n SUBSYSTEM=usb\n')).toBe('usb 1-1: new device');
});

async function watch(batches: (string[] | undefined)[]) {
  const clock = new FakeClock();
  const journal = memoryJournal();
  const stop = new AbortController();
  let closed = 0;
  const log = {
    next: () => (batches.length > 0 ? batches.shift() : []),
    close: () => {
      closed += 1;
    },
  };
  const done = oomWatcher({ open: () => log, clock, journal, nodeName: 'n1' }).run(stop.signal);
  await clock.advance(20_000);
  stop.abort();
  await done;
  return { written: journal.records, closed };
}

const record = (text: string) => `4,1,1,-;${text}\n`;

test('what was there before is left to the kubelet before; the rest is told of', async () => {
  const { written, closed } = await watch([[begin, killed].map(record), [begin, ofNode].map(record), [record(killed)]]);
  expect(written).toEqual([{ kind: 'eviction.systemOom', node: 'n1', process: 'stress', pid: 4242 }]);
  expect(closed).toBe(1);
});

test('something else in its place is told of once', async () => {
  const { written } = await watch([undefined]);
  expect(written).toEqual([{ kind: 'eviction.oomNotWatched', reason: 'the kernel’s log is empty here' }]);
});

test('so is that there is none', async () => {
  const clock = new FakeClock();
  const journal = memoryJournal();
  const open = () => {
    throw new Error('ENOENT: no such file');
  };
  await oomWatcher({ open, clock, journal, nodeName: 'n1' }).run(new AbortController().signal);
  expect(journal.records).toEqual([{ kind: 'eviction.oomNotWatched', reason: 'ENOENT: no such file' }]);
});
