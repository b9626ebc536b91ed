import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type YAMLMap } from 'yaml';
import { closestWord } from '../base/closest-word.ts';
import { describeNode, type FieldLines, fieldPath, type Problem } from './problem.ts';
import { parseMemory } from './quantity.ts';

/** What decoders share: the document they read from, and where they tell what is wrong. */
export interface DecodeContext {
  readonly document: Document;
  readonly lineCounter: LineCounter;
  readonly lines: FieldLines;
  readonly problems: Problem[];
}

/**
 * Reads one YAML node as a `T`. Answers undefined when there is nothing (YAML's null too: as in kind, an empty field
 * is an absent one) or when it is no `T`, which it then reports.
 */
export type Decoder<T> = (node: Node | null, path: string, context: DecodeContext) => T | undefined;

type Decoded<D> = D extends Decoder<infer T> ? T : never;

type Fields = Readonly<Record<string, Decoder<unknown>>>;

/** What `object(fields)` reads: every field may be absent. */
export type DecodedObject<F extends Fields> = { readonly [K in keyof F]?: Decoded<F[K]> | undefined };

/**
 * A map with exactly these fields; any other is reported, with the nearest known one or, for those named in
 * `elsewhere`, the sentence that says where it belongs.
 */
export function object<const F extends Fields>(
  fields: F,
  elsewhere: Readonly<Record<string, string>> = {},
): Decoder<DecodedObject<F>> {
  return (node, path, context) => {
    const map = asMap(node, path, context);
    if (map === undefined) return undefined;
    const decoded: { [K in keyof F]?: Decoded<F[K]> | undefined } = {};
    for (const [name, value] of membersOf(map, path, context)) {
      const decode = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (decode === undefined) {
        report(context, fieldPath(path, name), explainUnknown(name, fields, elsewhere));
      } else {
        Object.assign(decoded, { [name]: decode(value, fieldPath(path, name), context) });
      }
    }
    return decoded;
  };
}

/** A list; items that cannot be read come back as undefined, so that the others keep their index. */
export function listOf<T>(item: Decoder<T>): Decoder<readonly (T | undefined)[]> {
  return (node, path, context) => {
    const resolved = resolve(node, context);
    if (isNothing(resolved)) return undefined;
    if (!isSeq<Node>(resolved)) {
      report(context, path, `expected a list, found ${describeNode(resolved)}: begin each item with "- "`);
      return undefined;
    }
    return resolved.items.map((value, i) => {
      addLine(context, `${path}[${i}]`, value);
      return item(value, `${path}[${i}]`, context);
    });
  };
}

/** A map from names the user chooses to values of one type. */
export function mapOf<T>(value: Decoder<T>): Decoder<Readonly<Record<string, T>>> {
  return (node, path, context) => {
    const map = asMap(node, path, context);
    if (map === undefined) return undefined;
    const entries = membersOf(map, path, context).flatMap(([name, item]) => {
      const itemPath = fieldPath(path, name);
      if (isNothing(resolve(item, context))) {
        report(context, itemPath, 'has no value: write one after the colon, "" for the empty text');
        return [];
      }
      const decoded = value(item, itemPath, context);
      return decoded === undefined ? [] : [[name, decoded] as const];
    });
    return Object.fromEntries(entries);
  };
}

/** Text. A plain number or boolean is taken as it is written (`version: 1.10` is "1.10"), as kind does. */
export const string: Decoder<string> = (node, path, context) => {
  const resolved = resolve(node, context);
  if (isNothing(resolved)) return undefined;
  if (isScalar(resolved)) return typeof resolved.value === 'string' ? resolved.value : String(resolved.source);
  report(context, path, `expected text, found ${describeNode(resolved)}`);
  return undefined;
};

export const integer: Decoder<number> = (node, path, context) => {
  const resolved = resolve(node, context);
  if (isNothing(resolved)) return undefined;
  if (isScalar(resolved) && Number.isSafeInteger(resolved.value)) return Number(resolved.value);
  const quoted = isScalar(resolved) && typeof resolved.value === 'string' && /^-?\d+$/.test(resolved.value);
  const remedy = quoted ? 'remove the quotes' : 'write a number, like 8080';
  report(context, path, `expected a whole number, found ${describeNode(resolved)}: ${remedy}`);
  return undefined;
};

export const number: Decoder<number> = (node, path, context) => {
  const resolved = resolve(node, context);
  if (isNothing(resolved)) return undefined;
  if (isScalar(resolved) && typeof resolved.value === 'number' && Number.isFinite(resolved.value)) {
    return resolved.value;
  }
  report(context, path, `expected a number, found ${describeNode(resolved)}: write one like 2 or 0.5, without quotes`);
  return undefined;
};

/** Bytes, written as a Kubernetes quantity. */
export const memory: Decoder<number> = (node, path, context) => {
  const text = string(node, path, context);
  if (text === undefined || text === '') return undefined;
  const bytes = parseMemory(text);
  if (bytes === undefined) {
    report(context, path, `${JSON.stringify(text)} is not an amount of memory: write it like 2Gi, 512Mi or 1.5G`);
  }
  return bytes;
};

/** true or false; as in kind, also YAML 1.1's yes, no, on and off, when they are not quoted. */
export const boolean: Decoder<boolean> = (node, path, context) => {
  const resolved = resolve(node, context);
  if (isNothing(resolved)) return undefined;
  if (isScalar(resolved)) {
    if (typeof resolved.value === 'boolean') return resolved.value;
    if (resolved.type === 'PLAIN' && typeof resolved.value === 'string') {
      if (/^(yes|on)$/i.test(resolved.value)) return true;
      if (/^(no|off)$/i.test(resolved.value)) return false;
    }
  }
  report(context, path, `expected true or false, found ${describeNode(resolved)}`);
  return undefined;
};

/** One of these words; '' counts as absent. */
export function oneOf<const T extends string>(...words: readonly T[]): Decoder<T> {
  return (node, path, context) => {
    const text = string(node, path, context);
    if (text === undefined || text === '') return undefined;
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const near = closestWord(text, words);
    report(
      context,
      path,
      `${JSON.stringify(text)} is not known here: ${near ? `did you mean ${near}?` : `use ${orList(words)}`}`,
    );
    return undefined;
  };
}

function asMap(node: Node | null, path: string, context: DecodeContext): YAMLMap | undefined {
  const resolved = resolve(node, context);
  if (isNothing(resolved)) return undefined;
  if (isMap(resolved)) return resolved;
  report(context, path, `expected a map of fields, found ${describeNode(resolved)}: write "name: value" lines`);
  return undefined;
}

/** The members in order, those of `<<: *anchor` first where the map does not have them itself. */
function membersOf(map: YAMLMap, path: string, context: DecodeContext): readonly (readonly [string, Node | null])[] {
  const members = new Map<string, Node | null>();
  for (const pair of map.items) {
    const name = keyText(pair.key);
    if (name !== '<<') continue;
    const merged = resolve(asNode(pair.value), context);
    for (const source of isSeq<Node>(merged) ? merged.items : [merged]) {
      const resolved = resolve(source, context);
      if (!isMap(resolved)) continue;
      for (const [key, value] of membersOf(resolved, path, context)) if (!members.has(key)) members.set(key, value);
    }
  }
  for (const pair of map.items) {
    const name = keyText(pair.key);
    if (name === '<<') continue;
    const value = asNode(pair.value);
    addLine(context, fieldPath(path, name), asNode(pair.key), value);
    members.set(name, value);
  }
  return [...members];
}

function keyText(key: unknown): string {
  if (!isScalar(key)) return String(key);
  if (typeof key.value === 'symbol') return '<<';
  return typeof key.value === 'string' ? key.value : String(key.source ?? key.value);
}

function resolve(node: Node | null, context: DecodeContext): Node | null {
  return isAlias(node) ? (node.resolve(context.document) ?? null) : node;
}

const asNode = (value: unknown): Node | null =>
  isScalar(value) || isMap(value) || isSeq(value) || isAlias(value) ? value : null;

/** Nothing at all, or YAML's null. */
export const isNothing = (node: Node | null): node is null => node === null || (isScalar(node) && node.value === null);

function addLine(context: DecodeContext, path: string, place: Node | null, value: Node | null = place): void {
  const offset = place?.range?.[0];
  if (offset !== undefined) context.lines.add(path, context.lineCounter.linePos(offset).line, value);
}

function report(context: DecodeContext, path: string, message: string): void {
  context.problems.push({ path, message });
}

function explainUnknown(name: string, fields: Fields, elsewhere: Readonly<Record<string, string>>): string {
  const known = Object.keys(fields);
  if (Object.hasOwn(elsewhere, name)) return `unknown field: ${elsewhere[name]}`;
  const near = closestWord(name, known);
  return `unknown field: ${near ? `did you mean ${near}?` : `the fields here are ${known.join(', ')}`}`;
}

const orList = (words: readonly string[]) =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
