import type { Pod } from '../../api/types.ts';
import type { RunnableContainer } from '../parts.ts';
import type { Hint, HintsByResource } from './hints.ts';

export type Granted =
  | { readonly kind: 'granted' }
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string };

/** Who hands out one sort of resource. `nodes`: the machine's NUMA nodes. */
export interface HintProvider {
  /** Where what the container asks for could come from. */
  hints(pod: Pod, container: RunnableContainer, nodes: readonly number[]): HintsByResource;
  /** The same for the pod as a whole. */
  podHints(pod: Pod, nodes: readonly number[]): HintsByResource;
  /** Gives the container what it asks for, from where the hint says. What it has already it keeps. */
  allocate(pod: Pod, container: RunnableContainer, hint: Hint): Granted | Promise<Granted>;
  /** What pods not in `uids` hold is free again. */
  keepOnly(uids: ReadonlySet<string>): void;
}

export const granted: Granted = { kind: 'granted' };

/** A refusal that the pod's author could not foresee. */
export const unexpected = (because: string): Granted => ({
  kind: 'refused',
  reason: 'UnexpectedAdmissionError',
  message: `Allocate failed due to ${because}, which is unexpected`,
});

export const anywhere: Hint = { nodes: undefined, preferred: false };
