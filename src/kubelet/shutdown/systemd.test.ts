import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { waitUntil } from '../../base/wait-until.ts';
import { systemdLogind } from './systemd.ts';

/** systemd's programs, played by scripts. */
const folder = mkdtempSync(join(tmpdir(), 'kubelet-systemd-'));
const path = process.env.PATH;
const script = (name: string, text: string): void =>
  writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });

beforeEach(() => {
  process.env.PATH = `${folder}:${path}`;
  for (const name of ['busctl', 'systemd-inhibit', 'ended']) rmSync(join(folder, name), { force: true });
});
afterAll(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

const signal = (begins: boolean): string =>
  JSON.stringify({ type: 'signal', member: 'PrepareForShutdown', payload: { type: 'b', data: [begins] } });

test('how long a shutdown can be delayed', async () => {
  script('busctl', `echo '{"type":"t","data":7000000}'`);
  expect(await systemdLogind().maxDelayMs()).toBe(7000);
});

test('where there is no bus, that is an error', async () => {
  script('busctl', 'echo "Failed to connect to bus" >&2; exit 1');
  await expect(systemdLogind().maxDelayMs()).rejects.toThrow('Failed to connect to bus');
});

test('where there are no such programs, too', async () => {
  process.env.PATH = folder;
  await expect(systemdLogind().maxDelayMs()).rejects.toThrow('ENOENT');
  await expect(systemdLogind().inhibit()).rejects.toThrow('ENOENT');
});

test('a lock is held until it is released', async () => {
  script('systemd-inhibit', `cat > /dev/null; touch ${folder}/ended`);
  const lock = await systemdLogind().inhibit();
  expect(existsSync(join(folder, 'ended'))).toBe(false);
  lock.release();
  const ended = () => existsSync(join(folder, 'ended')) || 'the inhibitor runs';
  const result = await waitUntil(ended, { clock: systemClock, everyMs: 10, timeoutMs: 5000 });
  expect(result.kind).not.toBe('timedOut');
});

test('a lock that is refused is none', async () => {
  script('systemd-inhibit', 'exit 1');
  await expect(systemdLogind().inhibit()).rejects.toThrow('systemd-inhibit exited with 1');
});

test('shutdowns are heard of as they come; the end of the connection is an error', async () => {
  script('busctl', `echo '${signal(true)}'; echo other; echo '${signal(false)}'`);
  const heard: boolean[] = [];
  const listen = async () => {
    for await (const begins of systemdLogind().shutdowns(new AbortController().signal)) heard.push(begins);
  };
  await expect(listen()).rejects.toThrow('busctl monitor has ended');
  expect(heard).toEqual([true, false]);
});

test('no longer than anybody listens', async () => {
  script('busctl', `echo '${signal(true)}'; exec sleep 60`);
  const stop = new AbortController();
  const listen = async () => {
    for await (const _begins of systemdLogind().shutdowns(stop.signal)) stop.abort();
  };
  await expect(listen()).rejects.toThrow();
});
