import { renderFamily, type Sample } from './prometheus-text.ts';
import type { Summary } from './summary.ts';

const family = (name: string, help: string, type: 'counter' | 'gauge', samples: readonly Sample[]): string =>
  renderFamily(name, `[STABLE] ${help}`, type, samples);

const seconds = (nanoSeconds: number): number => nanoSeconds / 1e9;

/** The body of /metrics/resource, which metrics-server reads. Samples carry the time they were measured at. */
export function renderResourceMetrics({ node, pods }: Summary): string {
  const at = (time: string): number => Date.parse(time);
  const ofPods = pods.map((pod) => ({ pod, labels: { namespace: pod.podRef.namespace, pod: pod.podRef.name } }));
  const ofContainers = ofPods.flatMap(({ pod, labels: podLabels }) =>
    pod.containers.map((container) => ({ container, labels: { container: container.name, ...podLabels } })),
  );
  return [
    family('node_cpu_usage_seconds_total', 'Cumulative cpu time consumed by the node in core-seconds', 'counter', [
      { labels: {}, value: seconds(node.cpu.usageCoreNanoSeconds), at: at(node.cpu.time) },
    ]),
    family('node_memory_working_set_bytes', 'Current working set of the node in bytes', 'gauge', [
      { labels: {}, value: node.memory.workingSetBytes, at: at(node.memory.time) },
    ]),
    family(
      'container_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the container in core-seconds',
      'counter',
      ofContainers.map(({ container, labels: l }) => ({
        labels: l,
        value: seconds(container.cpu.usageCoreNanoSeconds),
        at: at(container.cpu.time),
      })),
    ),
    family(
      'container_memory_working_set_bytes',
      'Current working set of the container in bytes',
      'gauge',
      ofContainers.map(({ container, labels: l }) => ({
        labels: l,
        value: container.memory.workingSetBytes,
        at: at(container.memory.time),
      })),
    ),
    family(
      'container_start_time_seconds',
      'Start time of the container since unix epoch in seconds',
      'gauge',
      ofContainers.map(({ container, labels: l }) => ({
        labels: l,
        value: at(container.startTime) / 1000,
        at: at(container.startTime),
      })),
    ),
    family(
      'pod_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the pod in core-seconds',
      'counter',
      ofPods.map(({ pod, labels: l }) => ({
        labels: l,
        value: seconds(pod.cpu.usageCoreNanoSeconds),
        at: at(pod.cpu.time),
      })),
    ),
    family(
      'pod_memory_working_set_bytes',
      'Current working set of the pod in bytes',
      'gauge',
      ofPods.map(({ pod, labels: l }) => ({ labels: l, value: pod.memory.workingSetBytes, at: at(pod.memory.time) })),
    ),
    family('node_swap_usage_bytes', 'Current swap usage of the node in bytes', 'gauge', [
      { labels: {}, value: node.swap.swapUsageBytes, at: at(node.swap.time) },
    ]),
    family(
      'container_swap_usage_bytes',
      'Current amount of the container swap usage in bytes',
      'gauge',
      ofContainers.map(({ container, labels: l }) => ({
        labels: l,
        value: container.swap.swapUsageBytes,
        at: at(container.swap.time),
      })),
    ),
    family(
      'container_swap_limit_bytes',
      'Current amount of the container swap limit in bytes. Reported only on non-windows systems',
      'gauge',
      ofContainers.flatMap(({ container: { swap }, labels: l }) =>
        swap.swapAvailableBytes === undefined
          ? []
          : [{ labels: l, value: swap.swapAvailableBytes + swap.swapUsageBytes, at: at(swap.time) }],
      ),
    ),
    family(
      'pod_swap_usage_bytes',
      'Current amount of the pod swap usage in bytes',
      'gauge',
      ofPods.map(({ pod, labels: l }) => ({ labels: l, value: pod.swap.swapUsageBytes, at: at(pod.swap.time) })),
    ),
    '# HELP scrape_error [ALPHA] 1 if there was an error while getting container metrics, 0 otherwise\n# TYPE scrape_error gauge\nscrape_error 0\n',
    '# HELP resource_scrape_error [STABLE] 1 if there was an error while getting container metrics, 0 otherwise\n# TYPE resource_scrape_error gauge\nresource_scrape_error 0\n',
  ].join('');
}
