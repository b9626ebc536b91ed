import { runOnNode } from '../on-node.ts';
import { withPods } from '../pod-group.ts';
import { computeQuantile } from '../statistics.ts';
import type { Scenario } from './scenario.ts';

const pods = 15;
const firstSleep = 7_100_001;

/** Containers are killed from outside, one after another: how long until a watch says that the pod has ended. */
export const exit: Scenario = {
  about: `${pods} containers that die`,
  run: ({ lab, node, record }) =>
    withPods(lab.api, node, async (group) => {
      const names = Array.from({ length: pods }, (_, i) => `pod-${i}`);
      const sleepOf = (i: number): string => String(firstSleep + i);
      const image = 'docker.io/library/busybox:1.37';
      await Promise.all(names.map((name, i) => group.create(name, { image, command: ['sleep', sleepOf(i)] })));
      await group.until('ready', pods);
      const times: number[] = [];
      for (const [i, name] of names.entries()) {
        const killedAt = await runOnNode(node, `p=$(pgrep -xf 'sleep ${sleepOf(i)}'); date +%s%3N; kill -9 $p`);
        times.push((await group.untilOne('ended', name)) - Number(killedAt));
      }
      record('exit.p50', computeQuantile(times, 0.5));
      record('exit.largest', Math.max(...times));
    }),
};
