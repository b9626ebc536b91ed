import { join } from 'node:path';
import type { Pod } from '../../api/types.ts';
import { messageOf } from '../../base/errors.ts';
import type { UserNamespace } from '../containers/security-context.ts';
import { uidOf } from '../pod-facts.ts';
import { defaultRange, findFreeIds, type IdRange, idBlock, problemOfRange } from './id-range.ts';
import { readKubeletRange } from './kubelet-range.ts';
import { listTakenIds, type PodIds, readPodIds, removePodIds, writePodIds } from './mapping-file.ts';

export interface NodeRangeOptions {
  /** A multiple of 65536; absent: one block. */
  readonly idsPerPod?: number | undefined;
  readonly maxPods: number;
  /** For tests: what the node gives to the kubelet. */
  readonly readRange?: () => Promise<IdRange | undefined>;
}

export interface UserNamespacesOptions extends NodeRangeOptions {
  readonly rootDir: string;
  /** CRI's name of the pod's runtime class. */
  readonly runtimeHandler: (pod: Pod) => Promise<string>;
  /** Whether this handler can give pods users of their own. */
  readonly isSupported: (handler: string) => boolean;
}

/** A pod that has ended gives its users back, though its folder stays. */
export const releaseUsers = (rootDir: string, uid: string): Promise<void> => removePodIds(join(rootDir, 'pods', uid));

/** CRI's NamespaceMode. */
const mode = { pod: 0, node: 2 } as const;

const failedAt = (what: string, error: unknown): Error => new Error(`${what}: ${messageOf(error)}`, { cause: error });

/** The IDs that pods of this node may use. Rejects when they cannot be told, or used. */
async function rangeOfNode({ idsPerPod = idBlock, maxPods, readRange = readKubeletRange }: NodeRangeOptions) {
  const found = await readRange().catch((error: unknown) => {
    throw failedAt('kubelet mappings', error);
  });
  const range = found ?? defaultRange(idsPerPod);
  const problem = problemOfRange(range, idsPerPod, maxPods);
  if (problem !== undefined) throw new Error(problem);
  return range;
}

/** Rejects when this node's IDs are such that no pod could have its own: a kubelet that is set up so does not start. */
export async function checkUserNamespaces(options: NodeRangeOptions): Promise<void> {
  await rangeOfNode(options).catch((error: unknown) => {
    throw failedAt('create user namespace manager', error);
  });
}

/**
 * Answers whose users a pod's are, in CRI's words: the node's, or a part of its IDs that no other pod has and that
 * the pod keeps until it has ended. Rejects when there is none to be had.
 */
export function userNamespaces(options: UserNamespacesOptions): (pod: Pod) => Promise<UserNamespace> {
  const { rootDir, idsPerPod = idBlock, runtimeHandler, isSupported } = options;
  const podsDir = join(rootDir, 'pods');
  /** One after another, so that no two pods find the same IDs free. */
  let last: Promise<unknown> = Promise.resolve();

  async function take(podDir: string): Promise<PodIds> {
    const known = await readPodIds(podDir).catch((error: unknown) => {
      throw failedAt('user namespace', error);
    });
    return (
      known ??
      make(podDir).catch((error: unknown) => {
        throw failedAt('create user namespace', error);
      })
    );
  }

  async function make(podDir: string): Promise<PodIds> {
    const hostId = findFreeIds(await rangeOfNode(options), idsPerPod, await listTakenIds(podsDir));
    if (hostId === undefined) throw new Error('could not find an empty slot to allocate a user namespace');
    const ids = { hostId, length: idsPerPod };
    await writePodIds(podDir, ids);
    return ids;
  }

  return async (pod) => {
    if (pod.spec?.hostUsers !== false) return { mode: mode.node, uids: [], gids: [] };
    const handler = await runtimeHandler(pod);
    if (!isSupported(handler)) {
      const who = handler === '' ? 'runtime' : `RuntimeClass handler ${JSON.stringify(handler)}`;
      throw new Error(`can't set \`spec.hostUsers: false\`, ${who} does not support user namespaces`);
    }
    const taken = last.then(() => take(join(podsDir, uidOf(pod))));
    last = taken.catch(() => undefined);
    const { hostId, length } = await taken;
    const mappings = [{ hostId, containerId: 0, length }];
    return { mode: mode.pod, uids: mappings, gids: mappings };
  };
}
