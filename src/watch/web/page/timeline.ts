import { type Phase, phases, type Step } from '../../story/step.ts';

/** One piece of work on the timeline; `left` and `width` are fractions of its whole length. */
export interface Bar {
  readonly phase: Phase;
  readonly left: number;
  readonly width: number;
  readonly ok: boolean;
  readonly label: string;
}

export interface Timeline {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** Those lanes that have bars, in the order in which a pod goes through them. */
  readonly lanes: readonly { readonly phase: Phase; readonly bars: readonly Bar[] }[];
}

/** `start`: until the pod runs for the first time; `all`: as far as it is remembered. */
export type Scope = 'start' | 'all';

/**
 * Lays a pod's work out in lanes, from the first step on. Probes go on for as long as the pod does: with `all`, they do
 * not make the line longer than to half as much again as the rest.
 */
export function layOutTimeline(all: readonly Step[], scope: Scope): Timeline | undefined {
  const steps = scope === 'all' ? all : untilItRuns(all);
  const works = steps.flatMap(({ at, span, text }) =>
    span === undefined ? [] : [{ ...span, from: at - span.ms, to: at, label: text }],
  );
  if (works.length === 0) return undefined;
  const from = Math.min(...works.map((work) => work.from), steps[0]?.at ?? Number.POSITIVE_INFINITY);
  const others = works.filter(({ phase }) => phase !== 'probe');
  const last = Math.max(...works.map((work) => work.to));
  const settled = Math.max(...others.map((work) => work.to));
  const limit = scope === 'start' ? last : settled + (settled - from) / 2;
  const to = Math.max(from + 1, others.length === 0 ? last : Math.min(last, limit));
  const lanes = phases.flatMap((phase) => {
    const bars = works
      .filter((work) => work.phase === phase && work.from <= to)
      .map(({ ok, label, ms, ...work }): Bar => {
        const left = (work.from - from) / (to - from);
        const width = (Math.min(work.to, to) - work.from) / (to - from);
        return { phase, left, width, ok, label: `${label} (${Math.round(ms)} ms)` };
      });
    return bars.length === 0 ? [] : [{ phase, bars }];
  });
  return { from, to, lanes };
}

/** Steps until the pod runs, or is first waited for, and as long again by half; its first probes are among them. */
function untilItRuns(steps: readonly Step[]): readonly Step[] {
  const first = steps[0]?.at ?? 0;
  const running = steps.find(({ kind, stage }) => kind === 'pod.running' || stage === 'waits');
  if (running === undefined) return steps;
  const probed = steps.find(({ kind }) => kind === 'probe.attempted')?.at ?? 0;
  const until = Math.max(probed, running.at + Math.max(1000, (running.at - first) / 2));
  return steps.filter(({ at }) => at <= until);
}
