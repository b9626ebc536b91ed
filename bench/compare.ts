// klab's kubelet beside upstream's, on two workers of one cluster: the same work, in turns. Usage: see bench/README.md
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { KlabError, messageOf } from '../src/base/errors.ts';
import { type CompareFlags, parseCompareFlags, UsageError } from './compare/flags.ts';
import { type Lab, openLab } from './compare/lab.ts';
import type { Sample, Subject } from './compare/measures.ts';
import { orderOf } from './compare/order.ts';
import { renderChart } from './compare/render-chart.ts';
import { renderTable } from './compare/render-table.ts';
import { computeRows } from './compare/rows.ts';
import { type Scenario, scenarios } from './compare/scenarios/index.ts';

const tell = (text: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

/** What was thrown, with what a failed command printed. */
const explain = (error: unknown): string =>
  error instanceof KlabError ? `${error.message}\n${error.output ?? ''}` : messageOf(error);

/** Every scenario of a round, for both kubelets in turn. A measurement that fails is told, and the others go on. */
async function runRound(lab: Lab, round: number, flags: CompareFlags, samples: Sample[]): Promise<void> {
  const measure = async (name: string, scenario: Scenario, subject: Subject, node: string): Promise<void> => {
    tell(`round ${round + 1}: ${subject}: ${name}`);
    try {
      await scenario.run({
        lab,
        node,
        subject,
        idleSeconds: flags.idleSeconds,
        record: (key, value) => samples.push({ measure: key, subject, round, value }),
      });
    } catch (error) {
      tell(`round ${round + 1}: ${subject}: ${name} failed: ${explain(error)}`);
      process.exitCode = 1;
    }
  };
  const order = orderOf(round);
  for (const name of flags.only) {
    const scenario = scenarios[name];
    if (scenario?.runtimeOnly) await measure(name, scenario, 'runtime', lab.nodes[order[0] ?? 'klab']);
    else if (scenario) for (const subject of order) await measure(name, scenario, subject, lab.nodes[subject]);
  }
}

const machine = () => ({
  cpus: cpus().length,
  cpu: cpus()[0]?.model ?? '',
  memoryGb: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  arch: arch(),
});

async function main(): Promise<void> {
  const flags = parseCompareFlags(process.argv.slice(2), Object.keys(scenarios));
  const lab = await openLab(flags.cluster ?? `bench-${process.pid}`, flags.cluster !== undefined);
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => void lab.remove().finally(() => process.exit(1)));
  const samples: Sample[] = [];
  try {
    for (let round = 0; round < flags.rounds; round += 1) {
      await runRound(lab, round, flags, samples);
      const rows = computeRows(samples);
      if (flags.out === undefined) continue;
      mkdirSync(flags.out, { recursive: true });
      const result = { at: new Date().toISOString(), machine: machine(), rounds: round + 1, rows, samples };
      writeFileSync(join(flags.out, 'compare.json'), `${JSON.stringify(result, null, 2)}\n`);
      writeFileSync(join(flags.out, 'compare.svg'), renderChart(rows));
    }
  } finally {
    await lab.remove();
  }
  console.log(renderTable(computeRows(samples)));
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
