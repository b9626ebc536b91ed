import { isAlreadyExists, isConflict, isNotFound } from '../../api/errors.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Node, Pod } from '../../api/types.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { configHash, configMirror, isMirrorOf, logNameOf, uidOf } from '../pod-facts.ts';

export interface MirrorPodsOptions {
  readonly api: KubeApi;
  readonly journal: Journal;
  readonly node: () => Node | undefined;
  /** The API's mirror of a static pod. */
  readonly mirrorOf: (pod: Pod) => Pod | undefined;
}

export interface MirrorPods {
  /** Makes the API show the static pod as it is: creates its mirror, or replaces one of an earlier manifest. Never throws. */
  reconcile(pod: Pod): Promise<void>;
  /** Removes a mirror whose static pod is gone. Never throws. */
  remove(mirror: Pod): Promise<void>;
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

const collection = (pod: Pod): string => `/api/v1/namespaces/${pod.metadata?.namespace}/pods`;

export function mirrorPods({ api, journal, node, mirrorOf }: MirrorPodsOptions): MirrorPods {
  async function remove(mirror: Pod): Promise<void> {
    try {
      journal.write({ kind: 'source.mirrorDeleting', pod: logNameOf(mirror) });
      await api.delete(`${collection(mirror)}/${mirror.metadata?.name}`, {
        gracePeriodSeconds: 0,
        preconditions: { uid: uidOf(mirror) },
      });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) {
        journal.write({
          kind: 'source.mirrorFailed',
          pod: logNameOf(mirror),
          action: 'delete',
          reason: messageOf(error),
        });
      }
    }
  }

  return {
    remove,
    async reconcile(pod) {
      const owner = node();
      const mirror = mirrorOf(pod);
      if (mirror !== undefined) {
        const stale = mirror.metadata?.deletionTimestamp !== undefined || !isMirrorOf(mirror, pod);
        if (!stale) return;
        await remove(mirror);
      }
      if (owner === undefined || owner.metadata?.deletionTimestamp !== undefined) return;
      try {
        await api.create(collection(pod), renderMirrorPod(pod, owner));
        // Told when it is so: until the watch shows it, each sync finds it missing and there already.
        journal.write({ kind: 'source.mirrorCreating', pod: logNameOf(pod) });
      } catch (error) {
        if (!isAlreadyExists(error)) {
          journal.write({
            kind: 'source.mirrorFailed',
            pod: logNameOf(pod),
            action: 'create',
            reason: messageOf(error),
          });
        }
      }
    },
  };
}
