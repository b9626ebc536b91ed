import { systemClock } from '../../../src/base/clock.ts';
import { sumMetric } from '../metrics-text.ts';
import { readMetrics, readUsage, resetPeak } from '../on-node.ts';
import { withPods } from '../pod-group.ts';
import type { Scenario } from './scenario.ts';

/** What follows a pod's being Ready (Events, last patches) belongs to its cost. */
const settleMs = 3000;

/** That many pods at once, and nothing looked at but the time. */
export const burst = (count: 10 | 100): Scenario => ({
  about: `${count} pods at once`,
  run: ({ lab, node, record }) =>
    withPods(lab.api, node, async (pods) => {
      const startedAt = await pods.createMany(count);
      await pods.until('ready', count);
      record(`burst${count}.ready`, (pods.timeline.last('ready') - startedAt) / 1000);
    }),
});

/** 50 pods at once, and what they cost, coming and going. */
export const burst50: Scenario = {
  about: '50 pods at once: time, CPU, memory, requests; then their deletion',
  run: ({ lab: { api }, node, record }) =>
    withPods(api, node, async (pods) => {
      const count = 50;
      await resetPeak(node);
      const [before, metricsBefore] = [await readUsage(node), await readMetrics(api, node)];
      const startedAt = await pods.createMany(count);
      await pods.until('ready', count);
      record('burst50.ready', (pods.timeline.last('ready') - startedAt) / 1000);
      await systemClock.sleep(settleMs);
      const [ready, metricsReady] = [await readUsage(node), await readMetrics(api, node)];
      const grown = (name: string): number => sumMetric(metricsReady, name) - sumMetric(metricsBefore, name);
      record('burst50.cpu', ready.cpuSeconds - before.cpuSeconds);
      record('burst50.peak', ready.peakMb);
      record('burst50.requests', grown('rest_client_requests_total') / count);
      const relist = 'kubelet_pleg_relist_duration_seconds';
      record('burst50.relist', (grown(`${relist}_sum`) / grown(`${relist}_count`)) * 1000);

      const deletedAt = await pods.deleteAll();
      await pods.until('gone', count);
      record('burst50.gone', (pods.timeline.last('gone') - deletedAt) / 1000);
      await systemClock.sleep(settleMs);
      const requestsAfter = sumMetric(await readMetrics(api, node), 'rest_client_requests_total');
      record('burst50.goneRequests', (requestsAfter - sumMetric(metricsReady, 'rest_client_requests_total')) / count);
    }),
};
