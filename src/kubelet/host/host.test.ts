import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { type Iptables, iptablesKeeper } from './iptables.ts';
import { applyKernelSettings, kernelSettings } from './kernel-settings.ts';

describe('kernel settings', () => {
  let folder = '';
  const set = async (name: string, value: number) => {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), `${value}\n`);
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kernel-'));
    for (const [name, value] of Object.entries(kernelSettings)) await set(name, value);
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('are changed where they differ', async () => {
    await set('vm/overcommit_memory', 0);
    const journal = memoryJournal();
    await applyKernelSettings({ journal, protect: false, folder });
    expect(await readFile(join(folder, 'vm/overcommit_memory'), 'utf8')).toBe('1');
    expect(journal.records).toEqual([{ kind: 'node.kernelSet', name: 'vm/overcommit_memory', from: 0, to: 1 }]);
  });

  test('that cannot be changed are told of, and no more', async () => {
    await rm(join(folder, 'kernel'), { recursive: true });
    const journal = memoryJournal();
    await applyKernelSettings({ journal, protect: false, folder });
    expect(journal.records.map((record) => record.kind)).toEqual(Array(4).fill('node.kernelNotSet'));
  });

  test('are only insisted on when they are protected', async () => {
    await set('kernel/panic', 0);
    const options = { journal: memoryJournal(), protect: true, folder };
    await expect(applyKernelSettings(options)).rejects.toThrow(
      'invalid kernel flag: kernel/panic, expected value: 10, actual value: 0',
    );
    await set('kernel/panic', 10);
    await applyKernelSettings(options);
  });
});

/** iptables with memory: chains, and rules by their words. */
function fakeIptables() {
  const placed = new Set<string>();
  const calls: string[] = [];
  const iptables: Iptables = async (family, args) => {
    calls.push(`${family} ${args.join(' ')}`);
    const [, table, action, name, ...rest] = args;
    const key = (action === '-S' || action === '-N' ? [family, table, name] : [family, table, name, ...rest]).join(' ');
    if (action === '-S' && name === 'PREROUTING') return;
    if (action === '-S' || action === '-C') {
      if (!placed.has(key)) throw new Error('no such chain or rule');
      return;
    }
    placed.add(key);
  };
  return { placed, calls, iptables };
}

describe('iptables', () => {
  async function keep(iptables: Iptables) {
    const clock = new FakeClock();
    const journal = memoryJournal();
    const stop = new AbortController();
    const running = iptablesKeeper({ clock, journal, iptables }).run(stop.signal);
    await clock.advance(0);
    const end = async () => {
      stop.abort();
      await running;
    };
    return { clock, journal, end };
  }
  const changes = (calls: readonly string[]) => calls.filter((call) => / -[NIA] /.test(call));

  test('has the kubelet’s chains, for both families', async () => {
    const fake = fakeIptables();
    const { journal, end } = await keep(fake.iptables);
    expect(new Set([...fake.placed].filter((key) => key.split(' ').length === 3))).toEqual(
      new Set([
        'IPv4 filter KUBE-FIREWALL',
        ...['IPv4', 'IPv6'].flatMap((family) => [
          `${family} mangle KUBE-IPTABLES-HINT`,
          `${family} mangle KUBE-KUBELET-CANARY`,
          `${family} nat KUBE-KUBELET-CANARY`,
          `${family} filter KUBE-KUBELET-CANARY`,
        ]),
      ]),
    );
    expect(fake.placed).toContain('IPv4 filter INPUT -j KUBE-FIREWALL');
    expect([...fake.placed].find((key) => key.startsWith('IPv4 filter KUBE-FIREWALL -m'))).toMatch(/-j DROP$/);
    expect(journal.records.map(({ kind }) => kind)).toEqual(['node.iptablesPlaced', 'node.iptablesPlaced']);
    await end();
  });

  test('that has them already is left as it is', async () => {
    const fake = fakeIptables();
    const first = await keep(fake.iptables);
    await first.end();
    const before = changes(fake.calls).length;
    const second = await keep(fake.iptables);
    expect(changes(fake.calls)).toHaveLength(before);
    await second.end();
  });

  test('gets them back after someone flushed it', async () => {
    const fake = fakeIptables();
    const { clock, end } = await keep(fake.iptables);
    await clock.advance(60_000);
    const before = changes(fake.calls).length;
    fake.placed.clear();
    await clock.advance(60_000);
    expect(changes(fake.calls)).toHaveLength(2 * before);
    await end();
  });

  test('that is not there is told of once, and not asked for again', async () => {
    let asked = 0;
    const { clock, journal, end } = await keep(async () => {
      asked += 1;
      throw Object.assign(new Error('spawn iptables ENOENT'), { code: 'ENOENT' });
    });
    const before = asked;
    await clock.advance(600_000);
    expect(asked).toBe(before);
    expect(journal.records).toMatchObject([
      { kind: 'node.iptablesFailed', family: 'IPv4', missing: true },
      { kind: 'node.iptablesFailed', family: 'IPv6', missing: true },
    ]);
    await end();
  });
});
