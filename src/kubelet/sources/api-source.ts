import { watchObjects } from '../../api/informer.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Journal } from '../../journal/journal.ts';
import { configSeen, configSource, uidOf } from '../pod-facts.ts';
import { seenTime } from './file-source.ts';

export interface ApiSourceOptions {
  readonly api: KubeApi;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly onAll: (pods: readonly Pod[]) => void;
  readonly onOne: (uid: string, pod: Pod | undefined) => void;
  /** Resolves when pods may come: admitting one takes the Node object. */
  readonly after?: (signal: AbortSignal) => Promise<void>;
}

/** Watches the pods that are bound to this node. */
export function apiSource({ api, nodeName, clock, journal, onAll, onOne, after }: ApiSourceOptions) {
  const firstSeen = new Map<string, string>();
  /** Marks the kubelet's own copy; the API's object is not changed. */
  function marked(pod: Pod): Pod {
    const uid = uidOf(pod);
    const seenAt = firstSeen.get(uid) ?? seenTime(clock.now());
    firstSeen.set(uid, seenAt);
    const annotations = pod.metadata?.annotations ?? {};
    const mirror = annotations['kubernetes.io/config.mirror'] !== undefined;
    return mirror
      ? pod
      : {
          ...pod,
          metadata: { ...pod.metadata, annotations: { ...annotations, [configSeen]: seenAt, [configSource]: 'api' } },
        };
  }

  return {
    async run(signal: AbortSignal): Promise<void> {
      journal.write({ kind: 'source.added', source: 'api', place: '/api/v1/pods' });
      await after?.(signal).catch(() => undefined);
      const query = { fieldSelector: `spec.nodeName=${nodeName}` };
      const onError = (error: Error) =>
        journal.write({ kind: 'source.watchFailed', what: 'pods', reason: error.message });
      for await (const change of watchObjects<Pod>({ api, path: '/api/v1/pods', query, clock, signal, onError })) {
        if (change.kind === 'synced') {
          const uids = new Set(change.objects.map(uidOf));
          for (const uid of firstSeen.keys()) if (!uids.has(uid)) firstSeen.delete(uid);
          onAll(change.objects.map(marked));
        } else if (change.kind === 'set') {
          onOne(uidOf(change.object), marked(change.object));
        } else {
          firstSeen.delete(uidOf(change.object));
          onOne(uidOf(change.object), undefined);
        }
      }
    },
  };
}
