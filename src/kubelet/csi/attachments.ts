import type { Node } from '../../api/types.ts';

/** The Node object, as far as volumes that a controller attaches to the node are agreed on through it. */
export interface NodeAgreement {
  node(): Node | undefined;
  onNode(listener: (node: Node) => void): void;
  /** Something that the node's status tells has changed. */
  updateSoon(): void;
}

/** A volume is not on the node yet; tried again as soon as the Node object says something else of it. */
export class NotAttachedYet extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotAttachedYet';
  }
}

/** What the Node object calls a volume. */
export const uniqueVolumeName = (driver: string, handle: string): string => `kubernetes.io/csi/${driver}^${handle}`;

/** Who has which volume of a node: the controller detaches none that the node says is in use. */
export interface Attachments {
  /** Lets a pod have a volume. Throws a NotAttachedYet until the node has said so and the controller has attached it. */
  use(volume: string, podUid: string): void;
  /** The pod has the volume from an earlier run of the kubelet. */
  keep(volume: string, podUid: string): void;
  /** The pod has none of its volumes any more. */
  release(podUid: string): void;
  /** Sorted, as status.volumesInUse has them. */
  inUse(): readonly string[];
}

/**
 * Keeps the node's side of the agreement with the attach/detach controller: a volume is first told to be in use, and
 * mounted only when it stands among those attached, so that none is detached while it is mounted.
 * @param node the Node object
 * @param onChange called for each pod that waits, when the Node object lets it go on
 */
export function attachments(node: NodeAgreement, onChange: (podUid: string) => void): Attachments {
  const users = new Map<string, Set<string>>();
  const waiting = new Map<string, Set<string>>();

  const problemOf = (volume: string, { status }: Node): string | undefined => {
    if (!(status?.volumesInUse ?? []).includes(volume))
      return `volume ${volume} is not among those that the node's status says are in use yet`;
    if (!(status?.volumesAttached ?? []).some(({ name }) => name === volume))
      return `volume ${volume} is not attached to this node yet, its status says`;
    return undefined;
  };

  node.onNode((seen) => {
    for (const [volume, pods] of waiting) {
      if (problemOf(volume, seen) !== undefined) continue;
      waiting.delete(volume);
      for (const uid of pods) onChange(uid);
    }
  });

  const add = (sets: Map<string, Set<string>>, volume: string, podUid: string): void => {
    const pods = sets.get(volume) ?? new Set();
    sets.set(volume, pods.add(podUid));
  };
  /** Answers whether a volume lost its last pod. */
  function drop(sets: Map<string, Set<string>>, podUid: string): boolean {
    let isLast = false;
    for (const [volume, pods] of sets) {
      if (!pods.delete(podUid) || pods.size > 0) continue;
      sets.delete(volume);
      isLast = true;
    }
    return isLast;
  }

  return {
    use(volume, podUid) {
      const isNew = !users.has(volume);
      add(users, volume, podUid);
      if (isNew) node.updateSoon();
      const seen = node.node();
      const problem = seen === undefined ? 'the Node object is not known yet' : problemOf(volume, seen);
      if (problem === undefined) return;
      add(waiting, volume, podUid);
      throw new NotAttachedYet(problem);
    },
    keep: (volume, podUid) => add(users, volume, podUid),
    release(podUid) {
      drop(waiting, podUid);
      if (drop(users, podUid)) node.updateSoon();
    },
    inUse: () => [...users.keys()].sort(),
  };
}
