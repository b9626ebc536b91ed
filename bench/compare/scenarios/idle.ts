import { systemClock } from '../../../src/base/clock.ts';
import { readUsage } from '../on-node.ts';
import type { Scenario } from './scenario.ts';

const settleMs = 3000;

/** CPU in per cent of a core, and memory, of a kubelet that is left alone. */
export async function measureIdle(
  node: string,
  seconds: number,
): Promise<{ readonly cpu: number; readonly memory: number }> {
  await systemClock.sleep(settleMs);
  const before = await readUsage(node);
  const startedAt = performance.now();
  await systemClock.sleep(seconds * 1000);
  const after = await readUsage(node);
  const passedMs = performance.now() - startedAt;
  return { cpu: ((after.cpuSeconds - before.cpuSeconds) / passedMs) * 100_000, memory: after.memoryMb };
}

export const idle: Scenario = {
  about: 'a node with nothing but what every node runs',
  async run({ node, idleSeconds, record }) {
    const { cpu, memory } = await measureIdle(node, idleSeconds);
    record('idle.cpu', cpu);
    record('idle.memory', memory);
  },
};
