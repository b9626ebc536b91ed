import type { ObjectReference } from '../../api/types.ts';
import { failure, info, nodeReference, type Projections, warningEvent } from '../projection.ts';

/** What the kubelet does when its node runs short of something. */
export type EvictionRecord =
  | { readonly kind: 'eviction.started' }
  | { readonly kind: 'eviction.failed'; readonly error: string }
  | { readonly kind: 'eviction.conditions'; readonly conditions: readonly string[] }
  | {
      readonly kind: 'eviction.thresholdMet';
      readonly node: string;
      readonly resource: string;
      readonly signal: string;
    }
  | { readonly kind: 'eviction.nodeSufficed'; readonly resource: string }
  | {
      readonly kind: 'eviction.ranked';
      readonly resource: string;
      readonly signal: string;
      readonly pods: readonly string[];
      /** How long ago the node was read. */
      readonly ageMs: number;
    }
  | { readonly kind: 'eviction.spared'; readonly pod: string }
  | {
      readonly kind: 'eviction.evicting';
      readonly object: ObjectReference;
      readonly signal: string;
      readonly message: string;
      readonly annotations: Readonly<Record<string, string>> | undefined;
    }
  | { readonly kind: 'eviction.evicted'; readonly pod: string; readonly signal: string }
  | { readonly kind: 'eviction.nobodyLeft'; readonly resource: string }
  | {
      readonly kind: 'eviction.preempting';
      readonly object: ObjectReference;
      readonly by: string;
      readonly resource: string;
      readonly because: string;
    }
  | { readonly kind: 'eviction.oomNotWatched'; readonly reason: string }
  | {
      readonly kind: 'eviction.systemOom';
      readonly node: string;
      readonly process: string;
      readonly pid: number;
    };

export const evictionProjections: Projections<EvictionRecord> = {
  'eviction.started': { log: () => info(0, 'Eviction manager: starting control loop') },
  'eviction.failed': { log: ({ error }) => failure('Eviction manager: failed to synchronize', { err: error }) },
  'eviction.conditions': {
    log: ({ conditions }) => info(2, 'Eviction manager: node conditions', { nodeConditions: conditions }),
  },
  'eviction.thresholdMet': {
    log: ({ resource, signal }) =>
      info(0, 'Eviction manager: attempting to reclaim', { resourceName: resource, signal }),
    event: ({ node, resource }) =>
      warningEvent(nodeReference(node), 'EvictionThresholdMet', `Attempting to reclaim ${resource}`),
  },
  'eviction.nodeSufficed': {
    log: ({ resource }) =>
      info(0, 'Eviction manager: able to reduce resource pressure without evicting pods', { resourceName: resource }),
  },
  'eviction.ranked': {
    log: ({ resource, pods }) =>
      info(0, 'Eviction manager: must evict pod(s) to reclaim, ranked first to last', { resourceName: resource, pods }),
    measure: ({ signal, ageMs }, meters) =>
      meters.observe('kubelet_eviction_stats_age_seconds', ageMs / 1000, { eviction_signal: signal }),
  },
  'eviction.spared': { log: ({ pod }) => failure('Eviction manager: cannot evict a critical pod', { pod }) },
  'eviction.evicting': {
    log: ({ object, message }) => info(3, 'Evicting pod', { pod: `${object.namespace}/${object.name}`, message }),
    event: ({ object, message, annotations }) => ({
      ...warningEvent(object, 'Evicted', message),
      ...(annotations === undefined ? {} : { annotations }),
    }),
    measure: ({ signal }, meters) => meters.count('kubelet_evictions', { eviction_signal: signal }),
  },
  'eviction.evicted': {
    log: ({ pod, signal }) => info(0, 'Eviction manager: pod is evicted successfully', { pod, signal }),
  },
  'eviction.nobodyLeft': {
    log: ({ resource }) =>
      info(0, 'Eviction manager: unable to evict any pods from the node', { resourceName: resource }),
  },
  'eviction.preempting': {
    log: ({ object, by, because }) =>
      info(2, 'Preempting pod to free up resources', {
        pod: `${object.namespace}/${object.name}`,
        requestingPod: by,
        because,
      }),
    event: ({ object }) => warningEvent(object, 'Preempting', 'Preempted in order to admit critical pod'),
    measure: ({ resource }, meters) => meters.count('kubelet_preemptions', { preemption_signal: resource }),
  },
  'eviction.oomNotWatched': {
    log: ({ reason }) =>
      info(0, 'The kernel’s log cannot be read: no Events about its killing of processes', { reason }),
  },
  'eviction.systemOom': {
    log: ({ process, pid }) => info(1, 'Got sys oom event', { process, pid }),
    event: ({ node, process, pid }) =>
      warningEvent(
        nodeReference(node),
        'SystemOOM',
        `System OOM encountered${process === '' ? '' : `, victim process: ${process}, pid: ${pid}`}`,
      ),
  },
};
