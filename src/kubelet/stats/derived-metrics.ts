import type { Pod } from '../../api/types.ts';
import type { Instant } from '../../base/clock.ts';
import type { JournalReader } from '../../journal/journal.ts';
import type { Meters } from '../../journal/projection.ts';
import type { PodCache } from '../parts.ts';
import { type ContainerList, listContainers } from '../pod-facts.ts';

const seconds = (ms: number): number => ms / 1000;

/** node_startup_*: how long it took from boot until the node was made and ready; told once in a kubelet's life. */
export function nodeStartupMeter(meters: Meters, startedAt: Instant, bootedAt: Instant): JournalReader {
  let askedAt: Instant | undefined;
  let registeredAt: Instant | undefined;
  let isReady = false;
  return (record, at) => {
    if (record.kind === 'node.registering') askedAt ??= at;
    // A node that was there before this kubelet tells nothing of how long a new one takes.
    if (record.kind === 'node.registered' && !record.before && askedAt !== undefined && registeredAt === undefined) {
      registeredAt = at;
      meters.gauge('kubelet_node_startup_pre_kubelet_duration_seconds', seconds(startedAt - bootedAt));
      meters.gauge('kubelet_node_startup_pre_registration_duration_seconds', seconds(askedAt - startedAt));
      meters.gauge('kubelet_node_startup_registration_duration_seconds', seconds(at - askedAt));
    }
    if (record.kind === 'node.condition' && record.reason === 'NodeReady' && registeredAt !== undefined && !isReady) {
      isReady = true;
      meters.gauge('kubelet_node_startup_post_registration_duration_seconds', seconds(at - registeredAt));
      meters.gauge('kubelet_node_startup_duration_seconds', seconds(at - bootedAt));
    }
  };
}

interface Pulling {
  underWay: number;
  since: Instant;
  totalMs: number;
}

/** kubelet_pod_start_sli_duration_seconds: from a pod's creation until it runs, without the time its images were pulled. */
export function podStartMeter(meters: Meters): JournalReader {
  /** By pod, as `namespace/name`. */
  const pods = new Map<string, Pulling>();
  return (record, at) => {
    switch (record.kind) {
      case 'image.pulling': {
        const key = `${record.object.namespace}/${record.object.name}`;
        const pulling = pods.get(key) ?? { underWay: 0, since: at, totalMs: 0 };
        if (pulling.underWay === 0) pulling.since = at;
        pulling.underWay += 1;
        pods.set(key, pulling);
        return;
      }
      case 'image.pulled':
      case 'image.pullFailed': {
        const pulling = pods.get(`${record.object.namespace}/${record.object.name}`);
        if (pulling === undefined || pulling.underWay === 0) return;
        pulling.underWay -= 1;
        if (pulling.underWay === 0) pulling.totalMs += at - pulling.since;
        return;
      }
      case 'pod.running': {
        const pulledMs = pods.get(record.pod)?.totalMs ?? 0;
        pods.delete(record.pod);
        if (record.sinceCreatedMs !== undefined)
          meters.observe(
            'kubelet_pod_start_sli_duration_seconds',
            seconds(Math.max(0, record.sinceCreatedMs - pulledMs)),
          );
        return;
      }
      case 'pod.finished':
        pods.delete(record.pod);
    }
  };
}

const typeLabels: Readonly<Record<ContainerList, string>> = {
  initContainers: 'init_container',
  containers: 'container',
  ephemeralContainers: 'ephemeral_container',
};

export interface TerminationMeterOptions {
  readonly meters: Meters;
  readonly cache: Pick<PodCache, 'get'>;
  readonly podByUid: (uid: string) => Pod | undefined;
}

/** kubelet_terminated_containers_total: how containers ended, as the runtime tells. */
export const terminationMeter =
  ({ meters, cache, podByUid }: TerminationMeterOptions): JournalReader =>
  (record) => {
    if (record.kind !== 'runtime.podEvent' || record.event.type !== 'ContainerDied') return;
    const { uid, id } = record.event;
    const container = cache.get(uid)?.containers.find((one) => one.id === id);
    const pod = podByUid(uid);
    if (container?.state !== 'exited' || pod === undefined) return;
    const list = listContainers(pod).find((one) => one.container.name === container.name)?.list ?? 'containers';
    meters.count('kubelet_terminated_containers_total', {
      container_type: typeLabels[list],
      exit_code: String(container.exitCode),
      reason: container.reason,
    });
  };
