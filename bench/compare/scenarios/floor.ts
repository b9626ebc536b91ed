import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import * as z from 'zod';
import { runCommand } from '../../../src/base/exec.ts';
import { benchImage } from '../bench-pod.ts';
import { runOnNode } from '../on-node.ts';
import { computeQuantile } from '../statistics.ts';
import type { Scenario } from './scenario.ts';

const answer = z.object({ oneByOneMs: z.array(z.number()), burstMs: z.number(), goneMs: z.number() });
/** Not below /tmp, which is a tmpfs that Docker does not copy into. */
const onNode = '/root/floor.cjs';

/** Bundles the program that asks the runtime, and puts it on the node. */
async function placeProgram(node: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'klab-floor-'));
  const outfile = join(folder, 'floor.cjs');
  const entry = fileURLToPath(new URL('../floor-program.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', target: 'node24', format: 'cjs' });
  await runCommand('docker', ['cp', outfile, `${node}:${onNode}`]);
  rmSync(folder, { recursive: true });
}

/** The same pods by CRI calls alone. The node's kubelet rests meanwhile: it would stop pods that nobody ordered. */
export const floor: Scenario = {
  about: 'the runtime without any kubelet',
  runtimeOnly: true,
  async run({ node, record }) {
    await placeProgram(node);
    await runOnNode(node, 'systemctl stop kubelet');
    try {
      const endpoint = 'unix:///run/containerd/containerd.sock';
      const said = await runOnNode(node, `/usr/lib/klab/bin/node ${onNode} ${endpoint} ${benchImage} 30`);
      const { oneByOneMs, burstMs, goneMs } = answer.parse(JSON.parse(said));
      record('latency.p50', computeQuantile(oneByOneMs, 0.5));
      record('latency.p99', computeQuantile(oneByOneMs, 0.99));
      record('burst50.ready', burstMs / 1000);
      record('burst50.gone', goneMs / 1000);
    } finally {
      await runOnNode(node, 'systemctl start kubelet');
    }
  },
};
