import * as z from 'zod';

/** One record of a kubelet's journal as it came over the network: its fields are looked at one by one. */
export interface WatchedRecord {
  readonly node: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `pod.decided`, `runtime.podEvent`… */
  readonly kind: string;
  /** `namespace/name` of the pods it is about; none: it is about the node. */
  readonly pods: readonly string[];
  readonly fields: Fields;
}

export type Fields = Readonly<Record<string, unknown>>;

const shape = z.looseObject({
  at: z.iso.datetime(),
  kind: z.string().min(1),
  pod: z.string().optional(),
  pods: z.array(z.string()).optional(),
});

/** Reads one line of a journal; undefined when it is none, as a line that was cut off. */
export function parseRecord(line: string, node: string): WatchedRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = shape.safeParse(json);
  if (!parsed.success) return undefined;
  const { at, kind, pod, pods, ...rest } = parsed.data;
  return { node, at: Date.parse(at), kind, pods: pods ?? (pod === undefined ? [] : [pod]), fields: rest };
}

/** The record as one line of JSON without its newline: as the kubelet told it, and the node. */
export const renderRecord = ({ node, at, kind, pods, fields }: WatchedRecord): string =>
  JSON.stringify({
    at: new Date(at).toISOString(),
    node,
    kind,
    ...(pods.length === 1 ? { pod: pods[0] } : pods.length > 1 ? { pods } : {}),
    ...fields,
  });

/** A field's text; empty when there is none. */
export const textOf = (fields: Fields, name: string): string => {
  const value = fields[name];
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
};

/** A field's number; 0 when there is none. */
export const numberOf = (fields: Fields, name: string): number => {
  const value = fields[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
};

/** A field's object; empty when there is none. */
export const fieldsOf = (fields: Fields, name: string): Fields => {
  const value = fields[name];
  return isFields(value) ? value : {};
};

/** The objects in a field's list. */
export const listOf = (fields: Fields, name: string): readonly Fields[] => {
  const value = fields[name];
  return Array.isArray(value) ? value.filter(isFields) : [];
};

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
