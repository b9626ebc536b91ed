/** Where in the kubelet's loop something happened. */
export const stages = ['desired', 'observed', 'decided', 'did', 'probed', 'waits', 'failed', 'node'] as const;
export type Stage = (typeof stages)[number];

/** The kinds of work that a pod's timeline shows. The network is attached inside the runtime's call for a sandbox. */
export const phases = ['sandbox', 'volumes', 'pull', 'create', 'start', 'probe', 'stop'] as const;
export type Phase = (typeof phases)[number];

/** A piece of work that ended when its step was told. */
export interface Span {
  readonly phase: Phase;
  readonly ms: number;
  readonly ok: boolean;
}

/** One line of a pod's (or the node's) story. */
export interface Step {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly node: string;
  /** `namespace/name`; none: the node's own. */
  readonly pods: readonly string[];
  readonly stage: Stage;
  /** The journal's kind of record. */
  readonly kind: string;
  readonly text: string;
  /** Why the kubelet did so, in its words. */
  readonly because?: string;
  readonly container?: string;
  readonly span?: Span;
  /** What the pod's phase is from here on. */
  readonly phase?: string;
}

/** A step before it is known when and where. */
export type Draft = Omit<Step, 'at' | 'node' | 'pods' | 'kind'>;
