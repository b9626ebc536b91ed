import { expect, test } from 'vitest';
import { FakeUseCases, runLine } from '../fake.ts';

test('set shows old and new of each node', async () => {
  const useCases = new FakeUseCases();
  const { exitCode, stdout } = await runLine('sysctl set net.ipv4.ip_forward=0 --node lab-worker --name lab', {
    useCases,
  });
  expect(exitCode).toBe(0);
  expect(useCases.calls).toEqual([['setSysctls', 'lab', ['lab-worker'], ['net.ipv4.ip_forward=0']]]);
  expect(stdout).toBe('NODE        NAME                 OLD  NEW\nlab-worker  net.ipv4.ip_forward  1    0\n');
});

test('get shows values, and which are kept', async () => {
  const { stdout } = await runLine('sysctl get');
  expect(stdout.split('\n')).toEqual([
    'NODE        NAME                 VALUE  KEPT',
    'lab-worker  net.ipv4.ip_forward  0      0',
    'lab-worker  net.core.somaxconn   4096   -',
    '',
  ]);
});

test('-o json is for scripts', async () => {
  expect(JSON.parse((await runLine('sysctl set a.b=1 -o json')).stdout)).toEqual([
    { node: 'lab-worker', name: 'net.ipv4.ip_forward', before: '1', after: '0' },
  ]);
  expect(JSON.parse((await runLine('sysctl get -o json')).stdout)).toHaveLength(2);
});

test('set without settings is a mistake', async () => {
  expect((await runLine('sysctl set')).exitCode).toBe(1);
});
