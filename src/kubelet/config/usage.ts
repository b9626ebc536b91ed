import { configFlags, defaultFlags, type FlagType, ignoredFlags, type KubeletFlags, ownFlags } from './flag-table.ts';
import type { KubeletConfiguration } from './model.ts';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `a.b.c` of the configuration; undefined where it is not set. */
function fieldOf(configuration: KubeletConfiguration, path: string): unknown {
  let value: unknown = configuration;
  for (const part of path.split('.')) value = isRecord(value) ? value[part] : undefined;
  return value;
}

/** A value as one would write it after its flag. */
function asText(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return `[${value.map(asText).join(',')}]`;
  if (isRecord(value))
    return Object.entries(value)
      .map(([key, one]) => `${key}=${asText(one)}`)
      .join(',');
  return String(value);
}

/** Every flag with its value in force, wherever that is from, by name. */
export function listFlags(
  flags: KubeletFlags,
  configuration: KubeletConfiguration,
): readonly (readonly [name: string, value: string])[] {
  return [
    ...Object.entries(configFlags).map(([name, { field }]) => [name, asText(fieldOf(configuration, field))] as const),
    ...Object.entries(ownFlags).map(([name, { key }]) => [name, asText(flags[key])] as const),
  ].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** What stands for a value in the help text; a boolean needs none. */
const placeholders: Readonly<Record<FlagType, string>> = {
  string: ' string',
  boolean: '',
  int: ' int',
  duration: ' duration',
  list: ' strings',
  map: ' mapStringString',
  boolMap: ' mapStringBool',
  taints: ' []api.Taint',
  headers: ' colonSeparatedMultimapStringString',
};

const defaultOf = (text: string, type: FlagType): string =>
  text === '' || text === '[]' ? '' : ` (default ${type === 'string' ? JSON.stringify(text) : text})`;

/** What `--help` prints: every flag with its default. `defaults` is the configuration without file and flags. */
export function renderUsage(defaults: KubeletConfiguration): string {
  const values = new Map(listFlags(defaultFlags, defaults));
  const line = (name: string, type: FlagType, note: string): readonly [string, string] => {
    const dashed = name.length === 1 ? `  -${name}, --${name}` : `      --${name}`;
    return [`${dashed}${placeholders[type]}`, `${note}${defaultOf(values.get(name) ?? '', type)}`.trim()];
  };
  const lines = [
    ...Object.entries(configFlags).map(([name, { field, type, deprecated }]) =>
      line(name, type, `sets ${field}${deprecated ? ' (DEPRECATED: set it in the file given by --config)' : ''}`),
    ),
    ...Object.entries(ownFlags).map(([name, { type }]) => line(name, type, '')),
    ...Object.entries(ignoredFlags).map(([name, type]) => line(name, type, 'is taken, and asks for nothing')),
    ['  -h, --help', 'print this help'] as const,
    ['      --version version[=true]', 'print the version and quit'] as const,
  ].sort(([one], [other]) => (one.slice(8) < other.slice(8) ? -1 : 1));
  const width = Math.max(...lines.map(([left]) => left.length)) + 3;
  return [
    'The kubelet is the agent that runs on each node: it makes what runs there be what the API server says.',
    '',
    'Usage:',
    '  kubelet [flags]',
    '',
    'Flags:',
    ...lines.map(([left, right]) => `${left.padEnd(width)}${right}`.trimEnd()),
    '',
  ].join('\n');
}
