// Times `klab create` by step, for one node and for three. Usage: node bench/create.ts [ROUNDS=3]
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { createCluster } from '../src/cluster/create/index.ts';
import { deleteCluster } from '../src/cluster/delete.ts';
import { loadClusterConfig } from '../src/config/load.ts';
import { dockerEngine } from '../src/engine/docker/index.ts';

const rounds = Number(process.argv[2] ?? 3);
const engine = dockerEngine();
const kubeconfig = { flag: join(tmpdir(), 'klab-bench.kubeconfig'), home: tmpdir(), cwd: tmpdir() };

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function once(config: string): Promise<ReadonlyMap<string, number>> {
  const steps = new Map<string, number>();
  const startedAt = performance.now();
  const name = 'bench';
  const { signal } = new AbortController();
  await createCluster({
    engine,
    clock: systemClock,
    progress: (event) => {
      if (event.type === 'stepEnded') steps.set(event.step, event.ms);
    },
    signal,
    env: process.env,
    config: await loadClusterConfig({ path: config, name, cwd: process.cwd() }),
    waitMs: 300_000,
    retain: false,
    kubeconfig,
  });
  steps.set('in all', performance.now() - startedAt);
  await deleteCluster(engine, name, kubeconfig);
  return steps;
}

for (const config of ['configs/minimal.yaml', 'configs/kind.yaml']) {
  const all: ReadonlyMap<string, number>[] = [];
  for (let round = 0; round < rounds; round += 1) all.push(await once(config));
  console.log(`\n${config}: median of ${rounds} (smallest – largest), seconds`);
  for (const step of all[0]?.keys() ?? []) {
    const values = all.map((steps) => (steps.get(step) ?? Number.NaN) / 1000);
    console.log(
      `  ${median(values).toFixed(1).padStart(5)}  (${Math.min(...values).toFixed(1)} – ${Math.max(...values).toFixed(1)})  ${step}`,
    );
  }
}
rmSync(kubeconfig.flag, { force: true });
