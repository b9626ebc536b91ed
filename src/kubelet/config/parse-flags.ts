import { closestWord } from '../../base/closest-word.ts';
import { parseGoDuration } from './duration.ts';
import { KubeletConfigError } from './errors.ts';
import {
  configFlags,
  defaultFlags,
  type FlagType,
  ignoredFlags,
  type KubeletFlags,
  ownFlags,
  removedFlags,
} from './flag-table.ts';

export interface ParsedFlags {
  readonly kind: 'run';
  readonly flags: KubeletFlags;
  /** Fields of KubeletConfiguration that flags set: path (`a.b.c`) → value. They win over the file. */
  readonly overrides: ReadonlyMap<string, unknown>;
  /** Every flag that was given, with its value as text, in the order given. */
  readonly given: ReadonlyMap<string, string>;
  /** What the user should know of the flags used; each one line. */
  readonly warnings: readonly string[];
}

export type FlagsResult = ParsedFlags | { readonly kind: 'help' } | { readonly kind: 'version'; readonly raw: boolean };

const typeOf = (name: string): FlagType | undefined =>
  configFlags[name]?.type ?? ownFlags[name]?.type ?? ignoredFlags[name] ?? removedFlags[name]?.type;

const fail = (message: string): never => {
  throw new KubeletConfigError(`failed to parse kubelet flag: ${message}`);
};

/** Splits a command line into flags and their texts; `true` stands for a boolean without a value. */
function split(argv: readonly string[]): readonly (readonly [string, string | true])[] {
  const pairs: [string, string | true][] = [];
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? '';
    const short = /^-([a-zA-Z])(?:=?(.+))?$/.exec(word);
    const long = /^--([^=]+)(?:=([\s\S]*))?$/.exec(word);
    if (short === null && long === null) {
      if (word === '--' && i === argv.length - 1) break;
      return fail(word.startsWith('-') ? `bad flag syntax: ${word}` : `unknown command ${word}`);
    }
    const name = (long?.[1] ?? short?.[1] ?? '').replaceAll('_', '-');
    const known = name === 'h' || name === 'help' || name === 'version' ? 'boolean' : typeOf(name);
    if (known === undefined) return fail(unknownFlag(name, long !== null));
    const attached = long?.[2] ?? short?.[2];
    if (attached !== undefined) pairs.push([name, attached]);
    else if (known === 'boolean') pairs.push([name, true]);
    else {
      const next = argv[i + 1];
      if (next === undefined)
        return fail(`flag needs an argument: ${long === null ? `'${name}' in -${name}` : `--${name}`}`);
      pairs.push([name, next]);
      i += 1;
    }
  }
  return pairs;
}

function unknownFlag(name: string, long: boolean): string {
  if (!long) return `unknown shorthand flag: '${name}' in -${name}`;
  const near = closestWord(name, [...Object.keys(configFlags), ...Object.keys(ownFlags)]);
  return `unknown flag: --${name}${near === undefined ? '' : ` (did you mean --${near}?)`}`;
}

const truths: Readonly<Record<string, boolean>> = { true: true, '1': true, t: true, T: true, TRUE: true, True: true };
const lies: Readonly<Record<string, boolean>> = { false: true, '0': true, f: true, F: true, FALSE: true, False: true };

function parseBoolean(text: string): boolean {
  if (truths[text]) return true;
  if (lies[text]) return false;
  throw new RangeError(`strconv.ParseBool: parsing "${text}": invalid syntax`);
}

function parseInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new RangeError(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  return Number(text);
}

const parseList = (text: string): readonly string[] => text.split(',').filter((item) => item !== '');

function parseMap(text: string): Record<string, string> {
  return Object.fromEntries(
    parseList(text).map((pair) => {
      // Eviction thresholds are written a<b.
      const match = /^([^=<]+)[=<](.*)$/.exec(pair);
      if (match === null) throw new RangeError(`malformed pair, expect string=string: ${pair}`);
      return [(match[1] ?? '').trim(), (match[2] ?? '').trim()];
    }),
  );
}

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** `key=value:Effect,key:Effect` */
function parseTaints(text: string): readonly Taint[] {
  return parseList(text).map((item) => {
    const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(item);
    if (match === null) throw new RangeError(`invalid taint spec: ${item}`);
    return { key: match[1] ?? '', ...(match[2] ? { value: match[2] } : {}), effect: match[3] ?? '' };
  });
}

function parseHeaders(text: string): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (const pair of parseList(text)) {
    const at = pair.indexOf(':');
    if (at < 1) throw new RangeError(`malformed pair, expect string:string: ${pair}`);
    const name = pair.slice(0, at);
    headers[name] = [...(headers[name] ?? []), pair.slice(at + 1)];
  }
  return headers;
}

const boolMap = (text: string): Record<string, boolean> =>
  Object.fromEntries(Object.entries(parseMap(text)).map(([key, value]) => [key, parseBoolean(value)]));

/** Durations stay text in configuration fields (as in the file), and become milliseconds in own flags. */
const parsers: Readonly<Record<FlagType, (text: string) => unknown>> = {
  string: (text) => text,
  boolean: parseBoolean,
  int: parseInteger,
  duration: (text) => {
    parseGoDuration(text);
    return text;
  },
  list: parseList,
  map: parseMap,
  boolMap,
  taints: parseTaints,
  headers: parseHeaders,
};

function parseValue(name: string, type: FlagType, text: string): unknown {
  try {
    return parsers[type](text);
  } catch (error) {
    return fail(
      `invalid argument "${text}" for "--${name}" flag: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Repeated lists and maps add up, as with pflag; anything else: the last one wins. */
function accumulate(before: unknown, value: unknown, type: FlagType): unknown {
  if (before === undefined) return value;
  if (type === 'list' || type === 'taints')
    return [...(before as readonly unknown[]), ...(value as readonly unknown[])];
  if (type === 'map' || type === 'boolMap' || type === 'headers')
    return { ...(before as object), ...(value as object) };
  return value;
}

/**
 * Reads the kubelet's command line (without the program's name). Unknown flags and bad values throw a
 * KubeletConfigError; flags of older kubelets become warnings.
 */
export function parseFlags(argv: readonly string[]): FlagsResult {
  const overrides = new Map<string, unknown>();
  const given = new Map<string, string>();
  const warnings: string[] = [];
  let flags: KubeletFlags = defaultFlags;
  for (const [name, written] of split(argv)) {
    if (name === 'h' || name === 'help') return { kind: 'help' };
    if (name === 'version' && written !== 'false') return { kind: 'version', raw: written === 'raw' };
    const text = written === true ? 'true' : written;
    given.set(name, text);
    const configFlag = configFlags[name];
    const ownFlag = ownFlags[name];
    const removed = removedFlags[name];
    if (configFlag !== undefined) {
      const value = parseValue(name, configFlag.type, text);
      overrides.set(configFlag.field, accumulate(overrides.get(configFlag.field), value, configFlag.type));
      if (configFlag.deprecated) warnings.push(deprecation(name));
    } else if (ownFlag !== undefined) {
      const value = parseValue(name, ownFlag.type, text);
      const plain = ownFlag.type === 'duration' ? parseGoDuration(String(value)) : value;
      const before = ownFlag.type === 'map' ? flags[ownFlag.key] : undefined;
      flags = { ...flags, [ownFlag.key]: accumulate(before, plain, ownFlag.type) };
    } else if (removed !== undefined) {
      warnings.push(`Flag --${name} is no longer part of the kubelet and is ignored: ${removed.instead}`);
    } else if (name !== 'version') {
      warnings.push(`Flag --${name} is accepted and has no effect in this kubelet`);
    }
  }
  if (flags.cloudProvider !== '' && flags.cloudProvider !== 'external') {
    fail(`unknown cloud provider "${flags.cloudProvider}": only "external" is left`);
  }
  return { kind: 'run', flags, overrides, given, warnings };
}

const deprecation = (name: string): string =>
  `Flag --${name} has been deprecated, This parameter should be set via the config file specified by the Kubelet's --config flag. See https://kubernetes.io/docs/tasks/administer-cluster/kubelet-config-file/ for more information.`;
