import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { type FakeCommand, fakeEngine } from '../engine/fake.ts';
import { decideTrouble, parseRestarts, troubleWatch } from './node-trouble.ts';

test.each([
  ['all up', { kubelet: 0, etcd: 0, apiServer: 0 }, undefined],
  ['an API server that had to wait for etcd', { kubelet: 0, etcd: 0, apiServer: 2 }, undefined],
  ['an API server that does not stay up', { kubelet: 0, etcd: 1, apiServer: 3 }, 'apiServer'],
  ['nor does its etcd, which is the cause', { kubelet: 0, etcd: 3, apiServer: 5 }, 'etcd'],
  ['a kubelet that was restarted', { kubelet: 2, etcd: 0, apiServer: 0 }, undefined],
  ['a kubelet that does not stay up', { kubelet: 6, etcd: 0, apiServer: 0 }, 'kubelet'],
])('%s', (_name, restarts, expected) => expect(decideTrouble(restarts)).toBe(expected));

test.each([
  ['a control plane', 'kubelet 1\netcd 0.log\nkube-apiserver 12.log\n', { kubelet: 1, etcd: 0, apiServer: 12 }],
  ['a worker', 'kubelet 3\netcd\nkube-apiserver\n', { kubelet: 3, etcd: 0, apiServer: 0 }],
  ['a node that does not answer', '', { kubelet: 0, etcd: 0, apiServer: 0 }],
])('restarts of %s', (_name, output, expected) => expect(parseRestarts(output)).toEqual(expected));

const crashing: FakeCommand = (_node, argv) => {
  if (argv.join(' ').includes('NRestarts')) return 'kubelet 9\n';
  return argv[0] === 'journalctl' ? 'invalid value for maxPods' : undefined;
};

test('looks now and then, and shows the log of what crashes', async () => {
  const engine = fakeEngine({ command: crashing });
  await engine.runContainer({ name: 'n', image: 'i', kind: 'machine' });
  const clock = new FakeClock();
  const trouble = troubleWatch(engine, clock, 'n');
  expect(await trouble()).toBeUndefined();
  await clock.advance(3000);
  expect(await trouble()).toEqual({ text: 'the kubelet of n exits again and again', log: 'invalid value for maxPods' });
  expect(await trouble()).toBeUndefined();
});
