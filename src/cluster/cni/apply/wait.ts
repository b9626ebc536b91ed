import type { KubeApi } from '../../../api/port.ts';
import type { Node, Pod } from '../../../api/types.ts';
import type { Clock } from '../../../base/clock.ts';
import { KlabError, messageOf } from '../../../base/errors.ts';
import { waitUntil } from '../../../base/wait-until.ts';
import type { ContainerEngine } from '../../../engine/port.ts';
import { kubeletLogTail } from '../../node-command.ts';
import { imageNotPullable, networkNotReady } from '../errors.ts';
import { type Probe, startProbe } from './prove.ts';
import { missingNetwork, type NetworkMissing, type Workload } from './readiness.ts';

export interface WaitOptions {
  readonly engine: ContainerEngine;
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly cluster: string;
  readonly nodes: readonly string[];
  readonly clusterDns: string;
  readonly waitMs: number;
  readonly detail: (text: string) => void;
}

/** How long a node may fail to pull an image: registries hiccup. */
const pullPatienceMs = 20_000;

/**
 * Waits until the network's pods run, every node is Ready and cluster DNS is up. Throws CNI_IMAGE_NOT_PULLED when
 * waiting does not help, CNI_NOT_READY with what is missing when the time is over.
 */
export async function waitForNodes(workloads: readonly Workload[], options: WaitOptions): Promise<void> {
  const { api, clock, signal, cluster, engine, waitMs } = options;
  let missing: NetworkMissing | undefined;
  let failingSince: number | undefined;
  await waitFor(
    async () => {
      const [nodes, pods] = await Promise.all([
        api.list<Node>('/api/v1/nodes', { signal }),
        api.list<Pod>('/api/v1/pods', { signal }),
      ]);
      missing = missingNetwork(workloads, nodes.items, pods.items);
      if (missing?.image === undefined) failingSince = undefined;
      else {
        failingSince ??= clock.now();
        if (clock.now() - failingSince >= pullPatienceMs) {
          throw imageNotPullable(missing.image, missing.node ?? '', cluster, missing.text);
        }
      }
      return missing?.text ?? true;
    },
    options,
    async (lastSeen) => {
      const log = missing?.node === undefined ? '' : await kubeletLogTail(engine, missing.node);
      return networkNotReady(waitMs, lastSeen, log);
    },
  );
}

/** Waits until pods of all nodes reach one another and cluster DNS. Throws CNI_NOT_READY with what does not flow. */
export async function waitForTraffic(options: WaitOptions): Promise<void> {
  let probe: Probe | undefined;
  try {
    await waitFor(
      async () => {
        probe ??= await startProbe(options);
        return probe.look();
      },
      options,
      async (lastSeen) => networkNotReady(options.waitMs, lastSeen, ''),
    );
  } finally {
    // Whatever went wrong before is what is worth telling.
    await probe?.end().catch(() => undefined);
  }
}

/** Looks until it is true; an API server that does not answer for a moment is waited for as well. */
async function waitFor(
  look: () => Promise<true | string>,
  { clock, signal, waitMs, detail }: WaitOptions,
  overdue: (lastSeen: string) => Promise<Error>,
): Promise<void> {
  let said = '';
  const tell = (text: string): string => {
    if (text !== said) detail(text);
    said = text;
    return text;
  };
  const patiently = async (): Promise<true | string> => {
    try {
      const seen = await look();
      return seen === true ? true : tell(seen);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof KlabError) throw error;
      return tell(messageOf(error));
    }
  };
  const result = await waitUntil(patiently, { clock, everyMs: 300, timeoutMs: waitMs, signal });
  if (result.kind === 'timedOut') throw await overdue(result.lastSeen);
}
