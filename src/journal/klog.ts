import type { Instant } from '../base/clock.ts';
import type { JournalReader } from './journal.ts';
import { projectionOf } from './journal.ts';
import type { EventDraft, KlogLine } from './projection.ts';
import { info } from './projection.ts';

const two = (n: number): string => String(n).padStart(2, '0');

/** klog's header time in local time: `1123 12:37:04.123000`. */
const headerTime = (at: Instant): string => {
  const d = new Date(at);
  const micros = String(d.getMilliseconds() * 1000).padStart(6, '0');
  return `${two(d.getMonth() + 1)}${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${micros}`;
};

/** A text of several lines as klog shows it: indented, between angle brackets. */
const formatLines = (text: string): string =>
  `<\n${text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `\t${line}\n`)
    .join('')} >`;

/** A field's value as klog prints it: strings quoted, plain numbers and booleans bare, the rest as JSON. */
function formatValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Error) return formatValue(value.message);
  if (typeof value === 'string') return value.includes('\n') ? formatLines(value) : JSON.stringify(value);
  if (value === undefined || value === null) return '<nil>';
  return JSON.stringify(value, (_key, v) => (typeof v === 'bigint' ? Number(v) : v));
}

/** One line in klog's text format; `origin` stands where klog has file:line. */
export function formatKlog(line: KlogLine, at: Instant, pid: number, origin: string): string {
  const fields = Object.entries(line.fields ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${formatValue(value)}`)
    .join('');
  const header = `${line.severity}${headerTime(at)} ${String(pid).padStart(7)} ${origin}]`;
  return `${header} ${line.bare ? line.message : JSON.stringify(line.message)}${fields}\n`;
}

/** From this -v on, Events show in the log. */
const eventLevel = 3;

/**
 * An Event as log lines: at -v 3 as upstream's kubelet tells it, at -v 4 with the whole reference, the way that
 * kubelets told it before and that people search their logs for.
 */
export function eventLines({ object, type, reason, message }: EventDraft): readonly KlogLine[] {
  const { namespace = '', name = '', fieldPath = '', kind = '', apiVersion = '' } = object;
  const reference = [
    ['Kind', kind],
    ['Namespace', namespace],
    ['Name', name],
    ['UID', object.uid ?? ''],
    ['APIVersion', apiVersion],
    ['ResourceVersion', object.resourceVersion ?? ''],
    ['FieldPath', fieldPath],
  ].map(([key, value]) => `${key}:${JSON.stringify(value)}`);
  return [
    info(eventLevel, 'Event occurred', {
      object: namespace === '' ? name : `${namespace}/${name}`,
      fieldPath,
      kind,
      apiVersion,
      type,
      reason,
      message,
    }),
    {
      ...info(
        eventLevel + 1,
        `Event(v1.ObjectReference{${reference.join(', ')}}): type: '${type}' reason: '${reason}' ${message}`,
      ),
      bare: true,
    },
  ];
}

/** `pod.containerStarted` → `pod.ts:1`: records come from one file an area. */
const originOf = (kind: string): string => `${kind.split('.')[0]}.ts:1`;

export interface KlogOptions {
  /** -v; may change while running. */
  readonly verbosity: () => number;
  readonly format: () => 'text' | 'json';
  readonly write: (text: string) => void;
  readonly pid: number;
}

/** Writes the journal as klog does, text or JSON. */
export function klogReader({ verbosity, format, write, pid }: KlogOptions): JournalReader {
  return (record, at) => {
    const projection = projectionOf(record);
    const level = verbosity();
    const show = (line: KlogLine, origin: string) => {
      if (line.severity === 'I' && line.level > level) return;
      write(format() === 'text' ? formatKlog(line, at, pid, origin) : formatJson(line, at, origin));
    };
    const projected = projection.log?.(record) ?? [];
    const lines = Array.isArray(projected) ? (projected as readonly KlogLine[]) : [projected as KlogLine];
    for (const line of lines) show(line, originOf(record.kind));
    if (level < eventLevel) return;
    const event = projection.event?.(record);
    if (event !== undefined) for (const line of eventLines(event)) show(line, 'event.ts:1');
  };
}

function formatJson(line: KlogLine, at: Instant, caller: string): string {
  const level = line.severity === 'I' ? { v: line.level } : {};
  const entry = { ts: at, caller, msg: line.message, ...level, ...line.fields };
  return `${JSON.stringify(entry, (_key, v) => (typeof v === 'bigint' ? Number(v) : v instanceof Error ? v.message : v))}\n`;
}
