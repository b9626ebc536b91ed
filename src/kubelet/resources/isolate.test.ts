import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { createJournal } from '../../journal/journal.ts';
import { fakeCgroups } from './fake-cgroups.ts';
import { isolateProcess } from './isolate.ts';

test('the kubelet goes into the cgroup that is named for it', () => {
  const fs = fakeCgroups();
  const kinds: string[] = [];
  const journal = createJournal(new FakeClock(), [({ kind }) => void kinds.push(kind)]);
  isolateProcess({ fs, path: '/kubelet.slice', pid: 7, journal });
  expect(fs.processes('/kubelet.slice')).toEqual([7]);
  const refuse = () => {
    throw new Error('EBUSY');
  };
  isolateProcess({ fs: { make: fs.make, enter: refuse }, path: '/other', pid: 7, journal });
  expect(kinds).toEqual(['resource.isolated', 'resource.notIsolated']);
});
