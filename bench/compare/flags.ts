import { parseArgs } from 'node:util';

export interface CompareFlags {
  readonly rounds: number;
  /** Names of scenarios. */
  readonly only: readonly string[];
  /** Folder for compare.json and compare.svg; undefined: only the table. */
  readonly out: string | undefined;
  /** How long idle CPU is watched. */
  readonly idleSeconds: number;
  /** A cluster that is there already, and stays. */
  readonly cluster: string | undefined;
}

export class UsageError extends Error {}

const wholeNumber = (flag: string, text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${flag} wants a number from 1 up, not "${text}"`);
  return value;
};

/** Reads the command line; `scenarios` are the names --only may hold. Throws UsageError. */
export function parseCompareFlags(argv: readonly string[], scenarios: readonly string[]): CompareFlags {
  let values: Partial<Record<'rounds' | 'only' | 'out' | 'idle-seconds' | 'cluster', string>>;
  try {
    const text = { type: 'string' } as const;
    const options = { rounds: text, only: text, out: text, 'idle-seconds': text, cluster: text };
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const only = values.only?.split(',') ?? scenarios;
  const unknown = only.filter((name) => !scenarios.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(`--only ${unknown.join(',')}: there is no such measurement, only ${scenarios.join(', ')}`);
  }
  return {
    rounds: wholeNumber('rounds', values.rounds ?? '5'),
    only,
    out: values.out,
    idleSeconds: wholeNumber('idle-seconds', values['idle-seconds'] ?? '60'),
    cluster: values.cluster,
  };
}
