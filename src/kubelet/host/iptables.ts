import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Clock } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { canaryCheck, type Family, iptablesSteps } from './iptables-rules.ts';

const run = promisify(execFile);

/** Runs iptables with these arguments. Rejects when it fails; with code ENOENT when there is no such program. */
export type Iptables = (family: Family, args: readonly string[]) => Promise<void>;

const programs = { IPv4: 'iptables', IPv6: 'ip6tables' } as const;

export const kernelIptables: Iptables = async (family, args) => {
  await run(programs[family], ['-w', '5', ...args]);
};

export interface IptablesKeeperOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly iptables?: Iptables;
}

const checkEveryMs = 60_000;

/** Keeps the kubelet's chains in place. Only tells when it cannot: the kubelet itself needs none of them. */
export function iptablesKeeper({ clock, journal, iptables = kernelIptables }: IptablesKeeperOptions) {
  const succeeds = (family: Family, args: readonly string[]): Promise<boolean> =>
    iptables(family, args).then(
      () => true,
      () => false,
    );

  async function place(family: Family): Promise<void> {
    for (const { unless, args } of iptablesSteps(family)) {
      if (!(await succeeds(family, unless))) await iptables(family, args);
    }
  }

  async function keep(family: Family, signal: AbortSignal): Promise<void> {
    try {
      await iptables(family, ['-t', 'mangle', '-S', 'PREROUTING', '1']).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') throw error;
      });
      await place(family);
    } catch (error) {
      const missing = codeOf(error) === 'ENOENT';
      journal.write({ kind: 'node.iptablesFailed', family, missing, reason: messageOf(error) });
      return;
    }
    journal.write({ kind: 'node.iptablesPlaced', family });
    while (!signal.aborted) {
      await clock.sleep(checkEveryMs, signal).catch(() => undefined);
      if (signal.aborted || (await succeeds(family, canaryCheck))) continue;
      await place(family).then(
        () => journal.write({ kind: 'node.iptablesPlaced', family }),
        (error: unknown) =>
          journal.write({ kind: 'node.iptablesFailed', family, missing: false, reason: messageOf(error) }),
      );
    }
  }

  return {
    async run(signal: AbortSignal): Promise<void> {
      await Promise.all([keep('IPv4', signal), keep('IPv6', signal)]);
    },
  };
}
