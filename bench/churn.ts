// Pods come and go by the thousand; whatever a kubelet does not give back is counted. Usage: see bench/README.md
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import { messageOf } from '../src/base/errors.ts';
import { waitUntil } from '../src/base/wait-until.ts';
import { decideLeaks, decideMemoryLeak, type Leak } from './churn/decide.ts';
import { type Holdings, parseHoldings, renderHoldingsScript } from './churn/holdings.ts';
import { type Lab, openLab } from './compare/lab.ts';
import { runOnNode } from './compare/on-node.ts';
import { withPods } from './compare/pod-group.ts';

interface ChurnFlags {
  readonly pods: number;
  readonly wave: number;
  readonly minutes: number;
  readonly cluster: string | undefined;
  readonly subjects: readonly ('klab' | 'upstream')[];
}

function parseChurnFlags(args: string[]): ChurnFlags {
  const text = { type: 'string' } as const;
  const options = { pods: text, wave: text, minutes: text, cluster: text, only: text };
  const { pods = '2000', wave = '25', minutes = '60', cluster, only } = parseArgs({ args, options }).values;
  const subjects = (['klab', 'upstream'] as const).filter((name) => only === undefined || only === name);
  return { pods: Number(pods), wave: Number(wave), minutes: Number(minutes), cluster, subjects };
}

const warmUpWaves = 2;
/** Logs and sandboxes of pods that are gone are removed in rounds of a minute. */
const settleMs = 200_000;

const tell = (line: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
const look = async (node: string): Promise<Holdings> => parseHoldings(await runOnNode(node, renderHoldingsScript()));

/** One wave: so many pods are made, run, and are removed again. */
const runWave = ({ api }: Lab, node: string, wave: number): Promise<void> =>
  withPods(api, node, async (group) => {
    await group.createMany(wave);
    await group.until('ready', wave);
    await group.deleteAll();
    await group.until('gone', wave);
  });

/** Waits until the node holds no more than `before`; answers what it holds at the end. */
async function settle(node: string, before: Holdings): Promise<Holdings> {
  let now = await look(node);
  await waitUntil(
    async () => {
      now = await look(node);
      return decideLeaks(before, now).length === 0 || 'not yet';
    },
    { clock: systemClock, everyMs: 5000, timeoutMs: settleMs },
  );
  return now;
}

async function churn(lab: Lab, subject: 'klab' | 'upstream', flags: ChurnFlags): Promise<readonly Leak[]> {
  const { pods, wave, minutes } = flags;
  const node = lab.nodes[subject];
  const until = systemClock.now() + minutes * 60_000;
  const bare = await look(node);
  for (let i = 0; i < warmUpWaves; i += 1) await runWave(lab, node, wave);
  const before = await settle(node, bare);
  const memoryMb: number[] = [];
  let done = 0;
  while (done < pods && systemClock.now() < until) {
    await runWave(lab, node, wave);
    done += wave;
    const now = await look(node);
    memoryMb.push(now.memoryMb);
    tell(`${subject}: ${done} pods: ${now.memoryMb} MB, ${now.openFiles} files, ${now.mounts} mounts`);
  }
  const after = await settle(node, before);
  console.log(`\n${subject}, ${done} pods in waves of ${wave}: before → after`);
  for (const [what, count] of Object.entries(before)) {
    console.log(`  ${what.padEnd(18)} ${String(count).padStart(6)} → ${after[what as keyof Holdings]}`);
  }
  const memoryLeak = decideMemoryLeak(memoryMb);
  return [...decideLeaks(before, after), ...(memoryLeak === undefined ? [] : [memoryLeak])];
}

async function main(): Promise<void> {
  const flags = parseChurnFlags(process.argv.slice(2));
  const lab = await openLab(flags.cluster ?? `churn-${process.pid}`, flags.cluster !== undefined);
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => void lab.remove().finally(() => process.exit(1)));
  }
  try {
    for (const subject of flags.subjects) {
      for (const { what, before, after } of await churn(lab, subject, flags)) {
        console.log(`  ${subject} leaks ${what}: ${before} → ${after}`);
        process.exitCode = 1;
      }
    }
  } finally {
    await lab.remove();
  }
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  },
);
