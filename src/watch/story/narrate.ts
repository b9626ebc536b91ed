import { type Fields, fieldsOf, numberOf, textOf, type WatchedRecord } from '../record.ts';
import { partWords } from './part-words.ts';
import { podWords } from './pod-words.ts';
import type { Draft, Step } from './step.ts';
import { type Describers, did } from './words.ts';

const words: Describers = { ...podWords, ...partWords };

/** Told every second or for every pass: nothing happened. */
const murmur: ReadonlySet<string> = new Set(['runtime.relisted', 'pod.housekept', 'resize.counted']);
export const isMurmur = (kind: string): boolean => murmur.has(kind);

const runtimeEvents: Readonly<Record<string, string>> = {
  ContainerStarted: 'runs',
  ContainerDied: 'has ended',
  ContainerRemoved: 'is removed',
  ContainerChanged: 'is in a state that the runtime does not know',
};

/** Containers beyond this many are named by their ID again. */
const rememberedContainers = 2000;

/**
 * Tells records as steps of a story. It remembers containers from one record to the next, because the runtime speaks
 * of IDs only; so it wants the records of a node in their order.
 */
export function narrator(): (record: WatchedRecord) => readonly Step[] {
  const containers = new Map<string, { readonly name: string; readonly createdAt: number }>();

  function remember({ kind, at, fields }: WatchedRecord): void {
    if (kind === 'pod.sandboxCreated') containers.set(textOf(fields, 'id'), { name: 'sandbox', createdAt: at });
    if (kind !== 'pod.containerCreated') return;
    containers.set(textOf(fields, 'containerId'), { name: `container ${textOf(fields, 'container')}`, createdAt: at });
    const [oldest] = containers.keys();
    if (containers.size > rememberedContainers && oldest !== undefined) containers.delete(oldest);
  }

  function started({ at, fields }: WatchedRecord): Draft {
    const container = textOf(fields, 'container');
    const createdAt = containers.get(textOf(fields, 'containerId'))?.createdAt ?? at;
    return did(`container ${container} started`, { container, span: { phase: 'start', ms: at - createdAt, ok: true } });
  }

  function observed({ fields }: WatchedRecord): Draft {
    const event = fieldsOf(fields, 'event');
    const id = textOf(event, 'id');
    const type = textOf(event, 'type');
    const name = containers.get(id)?.name ?? `container ${id.slice(0, 13)}`;
    const exit = event.exitCode === undefined ? '' : `, exit code ${numberOf(event, 'exitCode')}`;
    return { stage: 'observed', text: `${type}: ${name} ${runtimeEvents[type] ?? 'changed'}${exit}` };
  }

  function draft(record: WatchedRecord): Draft | readonly Draft[] {
    if (record.kind === 'pod.containerStarted') return started(record);
    if (record.kind === 'runtime.podEvent') return observed(record);
    return words[record.kind]?.(record) ?? byFields(record);
  }

  return (record) => {
    remember(record);
    const drafts = draft(record);
    const { at, node, pods, kind } = record;
    const container = containerOf(record.fields);
    return [drafts].flat().map((each) => ({
      at,
      node,
      pods,
      kind,
      ...(container === '' ? {} : { container }),
      ...each,
    }));
  };
}

/** Records about a container name it, or refer to it as Events do: `spec.containers{main}`. */
const containerOf = (fields: Fields): string =>
  textOf(fields, 'container') || (/\{(.+)\}$/.exec(textOf(fieldsOf(fields, 'object'), 'fieldPath'))?.[1] ?? '');

/** For kinds that have no words of their own. */
function byFields({ kind, pods, fields }: WatchedRecord): Draft {
  const told = Object.entries(fields)
    .filter(([name, value]) => name !== 'object' && ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => `${name}=${String(value)}`);
  const [, what = kind] = kind.split('.');
  const words = what.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return {
    stage: /Failed$|Broke$|Missing$/.test(kind) ? 'failed' : pods.length === 0 ? 'node' : 'did',
    text: [words, ...told].join(' '),
  };
}
