import type { ObjectReference } from '../api/types.ts';
import type { Instant } from '../base/clock.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** One klog line. `level` is the -v at which it shows (errors and warnings always do). */
export interface KlogLine {
  readonly severity: 'I' | 'W' | 'E';
  readonly level: number;
  readonly message: string;
  readonly fields?: Fields;
  /** The message is printed as it is, as klog's printf does, not as a quoted value. */
  readonly bare?: true;
}

/** A Kubernetes Event to be sent to the API server. */
export interface EventDraft {
  readonly object: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Where measurements go; names and labels are those of `journal/metric-definitions.ts`. */
export interface Meters {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  gauge(name: string, value: number, labels?: Readonly<Record<string, string>>): void;
  /** `value` in the metric's own unit: seconds for `*_seconds`. */
  observe(name: string, value: number, labels?: Readonly<Record<string, string>>): void;
  /** Takes away the series with these labels: what it counted is gone. */
  forget(name: string, labels: Readonly<Record<string, string>>): void;
}

/** How one kind of record shows outside: as a log line, as an Event, in the metrics; each may be absent. */
export interface Projection<R> {
  readonly log?: (record: R) => KlogLine | readonly KlogLine[] | undefined;
  readonly event?: (record: R) => EventDraft | undefined;
  readonly measure?: (record: R, meters: Meters, at: Instant) => void;
}

/** One projection for each kind of a record union: a kind without one does not compile. */
export type Projections<R extends { readonly kind: string }> = {
  readonly [K in R['kind']]: Projection<Extract<R, { kind: K }>>;
};

export const info = (level: number, message: string, fields?: Fields): KlogLine => ({
  severity: 'I',
  level,
  message,
  ...(fields === undefined ? {} : { fields }),
});

export const warning = (message: string, fields?: Fields): KlogLine => ({
  severity: 'W',
  level: 0,
  message,
  ...(fields === undefined ? {} : { fields }),
});

export const failure = (message: string, fields?: Fields): KlogLine => ({
  severity: 'E',
  level: 0,
  message,
  ...(fields === undefined ? {} : { fields }),
});

/** Events about a node lie in the namespace default; whoever sends them knows its UID. */
export const nodeReference = (name: string): ObjectReference => ({ apiVersion: 'v1', kind: 'Node', name });

export const normalEvent = (object: ObjectReference, reason: string, message: string): EventDraft => ({
  object,
  type: 'Normal',
  reason,
  message,
});

export const warningEvent = (object: ObjectReference, reason: string, message: string): EventDraft => ({
  object,
  type: 'Warning',
  reason,
  message,
});
