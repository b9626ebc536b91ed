import type { Heard } from './journal-source.ts';
import { isMurmur, narrator, type Step } from './story/index.ts';

/** What one line of the table of pods shows. */
export interface PodRow {
  readonly pod: string;
  readonly node: string;
  /** Undefined: not told yet. */
  readonly phase: string | undefined;
  readonly last: Step;
}

/** Everything heard so far, as far as a screen can show it. */
export interface StorySoFar {
  hear(heard: Heard): void;
  /** Oldest first; `serial` counts from the first step ever told. */
  steps(): readonly { readonly serial: number; readonly step: Step }[];
  /** How many steps were told, forgotten ones too. */
  told(): number;
  /** The pods of which something was told, that of the latest first. */
  pods(): readonly PodRow[];
  /** Why a node is silent; nodes that talk are not here. */
  silent(): ReadonlyMap<string, string>;
}

const keptSteps = 5000;
const keptPods = 500;

/** Remembers what is heard; `all` keeps also what happens every second. */
export function storySoFar(all: boolean): StorySoFar {
  const tell = narrator();
  const kept: { readonly serial: number; readonly step: Step }[] = [];
  const rows = new Map<string, PodRow>();
  const lost = new Map<string, string>();
  let serial = 0;

  function add(step: Step): void {
    kept.push({ serial, step });
    serial += 1;
    // Seldom and many at once: taking one from the front of a long list each time is slow.
    if (kept.length > keptSteps * 1.2) kept.splice(0, kept.length - keptSteps);
    for (const pod of step.pods) {
      const phase = step.phase || rows.get(pod)?.phase;
      rows.delete(pod);
      rows.set(pod, { pod, node: step.node, phase, last: step });
    }
    const [oldest] = rows.keys();
    if (rows.size > keptPods && oldest !== undefined) rows.delete(oldest);
  }

  return {
    hear(heard) {
      if (heard.type === 'connected') lost.delete(heard.node);
      else if (heard.type === 'lost') lost.set(heard.node, heard.because);
      else if (all || !isMurmur(heard.record.kind)) for (const step of tell(heard.record)) add(step);
    },
    steps: () => kept,
    told: () => serial,
    pods: () => [...rows.values()].reverse(),
    silent: () => lost,
  };
}
