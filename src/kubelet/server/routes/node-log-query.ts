import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** What `/logs/?query=…` asks for. https://kubernetes.io/docs/concepts/cluster-administration/system-logs/#log-query */
export interface NodeLogQuery {
  readonly services: readonly string[];
  readonly files: readonly string[];
  readonly sinceTime: Date | undefined;
  readonly untilTime: Date | undefined;
  readonly tailLines: number | undefined;
  readonly boot: number | undefined;
  readonly pattern: string;
}

/** A query that cannot be read (400) or cannot be answered (406). */
export class BadNodeLogQuery extends Error {
  readonly status: 400 | 406;

  constructor(status: 400 | 406, problems: readonly string[]) {
    super(problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`);
    this.status = status;
  }
}

const maxServices = 4;
const maxServiceLength = 256;
const maxTailLines = 100_000;
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

const invalid = (field: string, value: string, why: string): string =>
  `${field}: Invalid value: ${JSON.stringify(value)}: ${why}`;

/** Reads the query; undefined: it asks for no logs by query. Throws a BadNodeLogQuery. */
export function parseNodeLogQuery(query: URLSearchParams): NodeLogQuery | undefined {
  const problems: string[] = [];
  const time = (name: string): Date | undefined => {
    const text = query.get(name) ?? '';
    if (text === '') return undefined;
    const at = new Date(rfc3339.test(text) ? text : Number.NaN);
    if (Number.isNaN(at.getTime())) problems.push(invalid(name, text, 'invalid time format'));
    return at;
  };
  const integer = (name: string): number | undefined => {
    const text = query.get(name) ?? '';
    if (text === '') return undefined;
    if (!/^[+-]?\d+$/.test(text))
      problems.push(invalid(name, text, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`));
    return Number(text);
  };
  const asked = query.getAll('query');
  const files = asked.filter((one) => /[/\\]/.test(one));
  const services = asked.filter((one) => !/[/\\]/.test(one) && one.trim() !== '');
  if (asked.length > 0 && files.length === 0 && services.length === 0)
    problems.push(invalid('query', asked.join(','), 'may not be empty'));
  const parsed = {
    services,
    files,
    sinceTime: time('sinceTime'),
    untilTime: time('untilTime'),
    boot: integer('boot'),
    tailLines: integer('tailLines'),
    pattern: query.get('pattern') ?? '',
  };
  if (problems.length > 0) throw new BadNodeLogQuery(400, problems);
  return asked.length === 0 && !hasOptions(parsed) ? undefined : parsed;
}

const hasOptions = ({ sinceTime, untilTime, tailLines, boot, pattern }: NodeLogQuery): boolean =>
  pattern !== '' || [sinceTime, untilTime, tailLines, boot].some((option) => option !== undefined);

const problemOfService = (service: string): string | undefined => {
  if (service.length > maxServiceLength) return `length must be less than ${maxServiceLength}`;
  return /[^a-zA-Z\-_.:0-9@]/.test(service) ? 'input contains unsupported characters' : undefined;
};

const problemOfPattern = (pattern: string): string | undefined => {
  try {
    new RegExp(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** What keeps a query from being answered; nothing when it can be. */
export function validateNodeLogQuery(query: NodeLogQuery): readonly string[] {
  const { services, files, sinceTime, untilTime, tailLines, boot, pattern } = query;
  const both = [...files, ...services].join(', ');
  const patternProblem = problemOfPattern(pattern);
  const rules: readonly (readonly [boolean, string])[] = [
    [services.length > maxServices, `query: Too many: ${services.length}: must have at most ${maxServices} items`],
    [both === '', 'query: Required value: cannot be empty with options'],
    [files.length > 0 && services.length > 0, invalid('query', both, 'cannot specify a file and service')],
    [files.length > 1 && services.length === 0, invalid('query', both, 'cannot specify more than one file')],
    [
      files.length === 1 && services.length === 0 && hasOptions(query),
      invalid('query', both, 'cannot specify file with options'),
    ],
    [
      sinceTime !== undefined && untilTime !== undefined && sinceTime > untilTime,
      invalid('untilTime', untilTime?.toISOString() ?? '', 'must be after `sinceTime`'),
    ],
    [(boot ?? 0) > 0, invalid('boot', String(boot), 'must be less than 1')],
    [
      tailLines !== undefined && (tailLines < 0 || tailLines > maxTailLines),
      invalid('tailLines', String(tailLines), `must be between 0 and ${maxTailLines}, inclusive`),
    ],
    [patternProblem !== undefined, invalid('pattern', pattern, patternProblem ?? '')],
  ];
  return [
    ...services.flatMap((service) => {
      const problem = problemOfService(service);
      return problem === undefined ? [] : [invalid('query', service, problem)];
    }),
    ...rules.filter(([wrong]) => wrong).map(([, problem]) => problem),
  ];
}

const journalTime = (at: Date): string => at.toISOString().slice(0, 19).replace('T', ' ');

/** Arguments of journalctl for these services. Each value is bound to its option: none can become one itself. */
export const journalArguments = (query: NodeLogQuery): readonly string[] => [
  '--utc',
  '--no-pager',
  '--output=short-precise',
  ...(query.sinceTime === undefined ? [] : [`--since=${journalTime(query.sinceTime)}`]),
  ...(query.untilTime === undefined ? [] : [`--until=${journalTime(query.untilTime)}`]),
  ...(query.tailLines === undefined ? [] : ['--pager-end', `--lines=${query.tailLines}`]),
  ...query.services.map((service) => `--unit=${service}`),
  ...(query.pattern === '' ? [] : [`--grep=${query.pattern}`]),
  ...(query.boot === undefined ? [] : [`--boot=${query.boot}`]),
];

/** Where the log of a service that does not write to the journal may be, in the order it is looked for. */
export const logFilesOf = (service: string): readonly string[] => [
  service,
  `${service}.log`,
  join(service, `${service}.log`),
];

const limitMs = 30_000;

/** journalctl with these arguments, ended after half a minute. */
export const startJournalctl = (args: readonly string[]): ChildProcess =>
  spawn('journalctl', [...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs });
