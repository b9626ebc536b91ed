import type { Lab } from '../lab.ts';
import type { MeasureKey, Subject } from '../measures.ts';

/** What a scenario measures with, and where its numbers go. */
export interface Task {
  readonly lab: Lab;
  readonly node: string;
  readonly subject: Subject;
  readonly idleSeconds: number;
  readonly record: (measure: MeasureKey, value: number) => void;
}

/** Measures one kubelet once, and leaves its node as it was. */
export interface Scenario {
  readonly about: string;
  readonly run: (task: Task) => Promise<void>;
  /** The runtime alone, without a kubelet: measured once a round, on either node in turn. */
  readonly runtimeOnly?: true;
}
