/** Whose number it is: one of the two kubelets, or the runtime alone, which no kubelet can be faster than. */
export type Subject = 'klab' | 'upstream' | 'runtime';

/** Everything that is measured, by the key that samples carry. Less is better in all of them. */
export const measures = {
  'latency.p50': { title: 'one pod, created → Running: p50', unit: 'ms' },
  'latency.p99': { title: 'one pod, created → Running: p99', unit: 'ms' },
  'burst10.ready': { title: '10 pods at once → all Ready', unit: 's' },
  'burst50.ready': { title: '50 pods at once → all Ready', unit: 's' },
  'burst50.cpu': { title: '50 pods at once: CPU of the kubelet', unit: 's' },
  'burst50.peak': { title: '50 pods at once: peak memory', unit: 'MB' },
  'burst50.requests': { title: 'API requests a pod, until Ready', unit: '' },
  'burst50.relist': { title: 'one look at the runtime meanwhile (relist)', unit: 'ms' },
  'burst50.gone': { title: '50 pods deleted → all gone', unit: 's' },
  'burst50.goneRequests': { title: 'API requests a pod, for its end', unit: '' },
  'burst100.ready': { title: '100 pods at once → all Ready', unit: 's' },
  'exit.p50': { title: 'container dies → API knows: p50', unit: 'ms' },
  'exit.largest': { title: 'container dies → API knows: slowest', unit: 'ms' },
  'idle.cpu': { title: 'idle: CPU', unit: '% of a core' },
  'idle.memory': { title: 'idle: memory', unit: 'MB' },
  'full.cpu': { title: 'with 110 pods: CPU', unit: '% of a core' },
  'full.memory': { title: 'with 110 pods: memory', unit: 'MB' },
  'restart.heartbeat': { title: 'restarted with 110 pods → node reported Ready', unit: 's' },
  'restart.adopted': { title: 'restarted with 110 pods → all known to run', unit: 's' },
  'restart.cpu': { title: 'restarted with 110 pods: CPU until then', unit: 's' },
} as const satisfies Record<string, { readonly title: string; readonly unit: string }>;

export type MeasureKey = keyof typeof measures;

/** One number, seen in one round. */
export interface Sample {
  readonly measure: MeasureKey;
  readonly subject: Subject;
  readonly round: number;
  readonly value: number;
}
