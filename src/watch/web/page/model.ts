import type { Step } from '../../story/step.ts';

/** The node's own steps are shown as if they were a pod's, under this name; pods' names have a slash. */
export const nodeSubject = (node: string): string => `node ${node}`;

/** What is told of one pod, or of one node itself. */
export interface Subject {
  readonly name: string;
  readonly phase: string | undefined;
  readonly steps: readonly Step[];
}

const keptSteps = 600;

/** The steps by what they are about; that of which the latest was told comes first. */
export function addSteps(subjects: ReadonlyMap<string, Subject>, steps: readonly Step[]): ReadonlyMap<string, Subject> {
  const next = new Map(subjects);
  for (const step of steps) {
    for (const name of step.pods.length === 0 ? [nodeSubject(step.node)] : step.pods) {
      const before = next.get(name);
      const phase = step.phase || before?.phase;
      next.delete(name);
      next.set(name, { name, phase, steps: [...(before?.steps ?? []), step].slice(-keptSteps) });
    }
  }
  return next;
}

/** Those subjects and steps that hold the words, whatever their case. */
export function filterSubjects(subjects: ReadonlyMap<string, Subject>, words: string): readonly Subject[] {
  const latestFirst = [...subjects.values()].reverse();
  return words === '' ? latestFirst : latestFirst.filter((s) => s.steps.some((step) => holds(s.name, step, words)));
}

export const filterSteps = ({ name, steps }: Subject, words: string): readonly Step[] =>
  words === '' ? steps : steps.filter((step) => holds(name, step, words));

const holds = (name: string, { node, stage, text, because = '' }: Step, words: string): boolean =>
  [name, node, stage, text, because].join(' ').toLowerCase().includes(words.toLowerCase());
