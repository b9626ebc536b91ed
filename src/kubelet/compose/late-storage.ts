import type { NodeStorage } from '../parts.ts';

/** Answers for the node's part, which is built before that of the volumes; until these are there, nothing is told of them. */
export function lateStorage(): NodeStorage & { from(source: NodeStorage): void } {
  let known: NodeStorage | undefined;
  return {
    problem: () => known?.problem(),
    registered: async () => known?.registered(),
    volumesInUse: async () => known?.volumesInUse(),
    from: (source) => {
      known = source;
    },
  };
}
