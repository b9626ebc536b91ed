import type { KubeApi } from '../../api/port.ts';
import { backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { NodeStorage } from '../parts.ts';
import { type Attachments, type NodeAgreement, uniqueVolumeName } from './attachments.ts';
import { ensureCsiNode } from './node-object.ts';
import { isAttachable } from './objects.ts';
import { publishedVolumes } from './places.ts';
import type { DriverSpec } from './request.ts';

export interface NodeStorageOptions {
  readonly rootDir: string;
  readonly nodeName: string;
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly specOf: (driver: string) => Promise<DriverSpec | undefined>;
  readonly node: Pick<NodeAgreement, 'updateSoon'>;
  readonly attached: Attachments;
}

const retry = { firstMs: 200, factor: 2, maxMs: 30_000 };

/** What the node tells of its storage: that it has a CSINode, and which attached volumes are in use. */
export function nodeStorage(options: NodeStorageOptions): NodeStorage {
  const { rootDir, nodeName, api, clock, journal, specOf, node, attached } = options;
  let isThere = false;
  let restored: Promise<void> | undefined;

  /** When it fails, it is tried again until it does not. Never rejects. */
  async function makeCsiNode(tries: number): Promise<void> {
    try {
      await ensureCsiNode(api, nodeName);
      isThere = true;
      if (tries > 0) node.updateSoon();
    } catch (error) {
      journal.write({ kind: 'csi.nodeFailed', reason: messageOf(error) });
      void clock.sleep(backoffMs(retry, tries)).then(() => makeCsiNode(tries + 1));
    }
  }

  /** Pods may have volumes from an earlier run of the kubelet. */
  async function restore(): Promise<void> {
    for await (const { podUid, data } of publishedVolumes(rootDir)) {
      const { driverName, volumeHandle, volumeLifecycleMode } = data;
      if (isAttachable(volumeLifecycleMode === 'Ephemeral', await specOf(driverName)))
        attached.keep(uniqueVolumeName(driverName, volumeHandle), podUid);
    }
  }

  return {
    problem: () => (isThere ? undefined : 'CSINode is not yet initialized'),
    registered: () => makeCsiNode(0),
    async volumesInUse() {
      restored ??= restore();
      try {
        await restored;
        return attached.inUse();
      } catch (error) {
        restored = undefined;
        journal.write({ kind: 'csi.nodeFailed', reason: messageOf(error) });
        return undefined;
      }
    },
  };
}
