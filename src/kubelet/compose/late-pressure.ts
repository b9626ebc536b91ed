import type { NodeCondition } from '../eviction/index.ts';

/** What a node under pressure, or about to be shut down, means for those who speak of it and let pods in. */
export interface NodePressure {
  conditions(): readonly NodeCondition[];
  shuttingDown(): boolean;
}

/** Answers for parts that are built before those that know; until these are there, all is well. */
export function latePressure(): NodePressure & { from(source: NodePressure): void } {
  let known: NodePressure | undefined;
  return {
    conditions: () => known?.conditions() ?? [],
    shuttingDown: () => known?.shuttingDown() ?? false,
    from: (source) => {
      known = source;
    },
  };
}
