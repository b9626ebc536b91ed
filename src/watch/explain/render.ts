import { clockTime, stepText } from '../lines.ts';
import { renderMs } from '../story/index.ts';
import type { PodStory } from './explain-pod.ts';

/** A pod's story for people: the answer first, then what it rests on. */
export function renderStory({ pod, node, phase, why, steps, events, notes }: PodStory): string {
  const first = steps[0]?.at ?? 0;
  const single = new Set(steps.map((step) => step.node)).size <= 1;
  return [
    `Pod:    ${pod}`,
    `Node:   ${node ?? '-'}`,
    `Phase:  ${phase ?? 'gone'}`,
    '',
    ...why,
    ...(notes.length === 0 ? [] : ['', ...notes]),
    ...(steps.length === 0 ? [] : ['', 'What the kubelet saw, decided and did:']),
    ...steps.map((step) =>
      [
        ` ${clockTime(step.at)}`,
        `+${renderMs(step.at - first)}`.padStart(12),
        ...(single ? [] : [step.node]),
        step.stage.padEnd(8),
        stepText(step),
      ].join('  '),
    ),
    ...(events.length === 0 ? [] : ['', 'Events:']),
    ...events.map(({ at, type, reason, count, message, from }) =>
      [
        ` ${Number.isNaN(at) ? '-'.padEnd(12) : clockTime(at)}`,
        type.padEnd(7),
        `${reason}${count > 1 ? ` (x${count})` : ''}`,
        stepText({ text: message }),
        `[${from}]`,
      ].join('  '),
    ),
    '',
  ].join('\n');
}
