import { withPods } from '../pod-group.ts';
import { computeQuantile } from '../statistics.ts';
import type { Scenario } from './scenario.ts';

const pods = 30;

/** One pod after another on an otherwise idle node, each timed from its request to the watch that says Running. */
export const latency: Scenario = {
  about: `${pods} pods, one after another`,
  run: ({ lab, node, record }) =>
    withPods(lab.api, node, async (group) => {
      const times: number[] = [];
      for (let i = 0; i < pods; i += 1) {
        const name = `pod-${i}`;
        const sentAt = await group.create(name);
        times.push((await group.untilOne('running', name)) - sentAt);
      }
      record('latency.p50', computeQuantile(times, 0.5));
      record('latency.p99', computeQuantile(times, 0.99));
    }),
};
