import type { Subject } from './measures.ts';

/** Whose turn it is when: the one that begins a round is second in the next, so that a machine that warms up favours neither. */
export const orderOf = (round: number): readonly Exclude<Subject, 'runtime'>[] =>
  round % 2 === 0 ? ['klab', 'upstream'] : ['upstream', 'klab'];
