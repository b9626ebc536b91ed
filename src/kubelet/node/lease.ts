import { isAlreadyExists, isConflict, isNotFound } from '../../api/errors.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Lease, Node } from '../../api/types.ts';
import { backoffMs, jittered } from '../../base/backoff.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';

export interface NodeLeaseOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly nodeName: string;
  readonly durationSeconds: number;
  readonly node: () => Node | undefined;
}

const collection = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const creationRetry = { firstMs: 200, factor: 2, maxMs: 7000 };
const updateTries = 5;

const microTime = (at: Instant): string => new Date(at).toISOString().replace('Z', '000Z');

/** The lease that says this node lives. */
export function renderLease(
  before: Lease | undefined,
  options: { nodeName: string; durationSeconds: number; node: Node | undefined; now: Instant },
): Lease {
  const { nodeName, durationSeconds, node, now } = options;
  const uid = node?.metadata?.uid;
  const owners =
    before?.metadata?.ownerReferences ??
    (uid === undefined ? [] : [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }]);
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      ...before?.metadata,
      name: nodeName,
      namespace: 'kube-node-lease',
      ...(owners.length === 0 ? {} : { ownerReferences: owners }),
    },
    spec: {
      ...before?.spec,
      holderIdentity: nodeName,
      leaseDurationSeconds: durationSeconds,
      renewTime: microTime(now),
    },
  };
}

/** Renews the node's lease a quarter of its duration at a time; without it the node counts as lost. */
export function nodeLease({ api, clock, journal, nodeName, durationSeconds, node }: NodeLeaseOptions) {
  let lease: Lease | undefined;
  const render = () => renderLease(lease, { nodeName, durationSeconds, node: node(), now: clock.now() });
  const path = `${collection}/${nodeName}`;

  async function ensure(): Promise<void> {
    try {
      lease = await api.get<Lease>(path);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      lease = await api.create<Lease>(collection, render());
    }
  }

  async function renew(): Promise<void> {
    for (let tries = 0; tries < updateTries; tries += 1) {
      try {
        if (lease === undefined) await ensure();
        lease = await api.replace<Lease>(path, render());
        return;
      } catch (error) {
        lease = undefined;
        if (isConflict(error) || isNotFound(error) || isAlreadyExists(error)) continue;
        journal.write({ kind: 'node.leaseFailed', reason: messageOf(error) });
        return;
      }
    }
  }

  return {
    async run(signal: AbortSignal): Promise<void> {
      for (let tries = 0; lease === undefined && !signal.aborted; tries += 1) {
        try {
          await ensure();
        } catch (error) {
          journal.write({ kind: 'node.leaseFailed', reason: messageOf(error) });
          await clock.sleep(backoffMs(creationRetry, tries), signal).catch(() => undefined);
        }
      }
      while (!signal.aborted) {
        await renew();
        await clock.sleep(jittered(durationSeconds * 250, 0.04), signal).catch(() => undefined);
      }
    },
  };
}
