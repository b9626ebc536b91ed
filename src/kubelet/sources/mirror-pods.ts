import { isAlreadyExists, isConflict, isNotFound } from '../../api/errors.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Node, Pod } from '../../api/types.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { configHash, configMirror, isMirrorOf, logNameOf, uidOf } from '../pod-facts.ts';
import type { WorkerPhase } from '../workers/index.ts';

export interface MirrorPodsOptions {
  readonly api: KubeApi;
  readonly journal: Journal;
  readonly nodeName: string;
  readonly node: () => Node | undefined;
  /** The API's mirror of a static pod. */
  readonly mirrorOf: (pod: Pod) => Pod | undefined;
  /** Mirrors whose static pods are in no source any more. */
  readonly orphans: () => readonly Pod[];
  readonly phaseOf: (uid: string) => WorkerPhase | undefined;
}

export interface MirrorPods {
  /** Makes the API show the static pod as it is: creates its mirror, or replaces one of an earlier manifest. Never throws. */
  reconcile(pod: Pod): Promise<void>;
  /** Removes the mirrors whose static pods are gone and have been stopped. Never throws. */
  removeOrphans(): Promise<void>;
}

/** The object that shows a static pod to users of the API. */
export function renderMirrorPod(pod: Pod, node: Node): Pod {
  const { annotations = {}, labels, name, namespace } = pod.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...annotations, [configMirror]: annotations[configHash] ?? '' },
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Node',
          name: node.metadata?.name ?? '',
          uid: node.metadata?.uid ?? '',
          controller: true,
        },
      ],
    },
    ...(pod.spec === undefined ? {} : { spec: pod.spec }),
  };
}

/** The first ones may come before the watch shows what was made. */
const triesBeforeTaken = 5;

const collection = (pod: Pod): string => `/api/v1/namespaces/${pod.metadata?.namespace}/pods`;

export function mirrorPods({
  api,
  journal,
  nodeName,
  node,
  mirrorOf,
  orphans,
  phaseOf,
}: MirrorPodsOptions): MirrorPods {
  /** Whether this very object was removed. */
  async function remove(mirror: Pod): Promise<boolean> {
    try {
      journal.write({ kind: 'source.mirrorDeleting', pod: logNameOf(mirror), uid: uidOf(mirror) });
      await api.delete(`${collection(mirror)}/${mirror.metadata?.name}`, {
        gracePeriodSeconds: 0,
        preconditions: { uid: uidOf(mirror) },
      });
      return true;
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) {
        journal.write({
          kind: 'source.mirrorFailed',
          pod: logNameOf(mirror),
          action: 'delete',
          reason: messageOf(error),
        });
      }
      return false;
    }
  }

  /** Static pods without a Node to own their mirrors: it is tried for again and again, and told once. */
  const ownerless = new Set<string>();
  function tellOwnerless(pod: Pod, known: boolean): void {
    if (ownerless.has(uidOf(pod))) return;
    ownerless.add(uidOf(pod));
    journal.write({ kind: 'source.mirrorOwnerless', pod: logNameOf(pod), node: nodeName, known });
  }

  /** UID → how often in a row the mirror's name was taken although no mirror is seen. */
  const taken = new Map<string, number>();
  function tellFailure(pod: Pod, error: unknown): void {
    const times = isAlreadyExists(error) ? (taken.get(uidOf(pod)) ?? 0) + 1 : 0;
    taken.set(uidOf(pod), times);
    // Until the watch shows it, one's own mirror is not seen either; what is there longer is another's.
    if (times === 0 || times === triesBeforeTaken) {
      journal.write({ kind: 'source.mirrorFailed', pod: logNameOf(pod), action: 'create', reason: messageOf(error) });
    }
  }

  async function removeStale(mirror: Pod): Promise<void> {
    const names = { pod: logNameOf(mirror), uid: uidOf(mirror) };
    journal.write({ kind: 'source.mirrorStale', ...names, deleted: false });
    if (await remove(mirror)) journal.write({ kind: 'source.mirrorStale', ...names, deleted: true });
  }

  /** Its containers run, or are being stopped: until then the mirror shows how that goes. */
  const hasContainers = (mirror: Pod): boolean =>
    ['syncing', 'terminating'].includes(phaseOf(mirror.metadata?.annotations?.[configMirror] ?? '') ?? '');

  return {
    async removeOrphans() {
      for (const mirror of orphans()) if (!hasContainers(mirror)) await remove(mirror);
    },
    async reconcile(pod) {
      const owner = node();
      const mirror = mirrorOf(pod);
      if (mirror !== undefined) {
        const stale = mirror.metadata?.deletionTimestamp !== undefined || !isMirrorOf(mirror, pod);
        if (!stale) return;
        await removeStale(mirror);
      }
      if (owner === undefined || owner.metadata?.deletionTimestamp !== undefined) {
        tellOwnerless(pod, owner !== undefined);
        return;
      }
      ownerless.delete(uidOf(pod));
      try {
        await api.create(collection(pod), renderMirrorPod(pod, owner));
        // Told when it is so: until the watch shows it, each sync finds it missing and there already.
        journal.write({ kind: 'source.mirrorCreating', pod: logNameOf(pod) });
        taken.delete(uidOf(pod));
      } catch (error) {
        tellFailure(pod, error);
      }
    },
  };
}
