import { readFile } from 'node:fs/promises';
import { applyDefaults, type Overrides } from './defaults.ts';
import { configInvalid, configNotReadable } from './errors.ts';
import type { ClusterConfig } from './model.ts';
import { type Problem, renderProblem } from './problem.ts';
import { readClusterConfig } from './read.ts';
import { validateCluster } from './validate.ts';

export interface LoadOptions extends Overrides {
  /** A file, or `-` for standard input; absent: a cluster with every default. */
  readonly path?: string;
  /** Reads standard input to its end. */
  readonly stdin?: () => Promise<string>;
  /** What relative paths in the file are relative to; the working folder when absent. */
  readonly cwd?: string;
}

/** The cluster to make. Throws CONFIG_NOT_READABLE, or CONFIG_INVALID with every problem and its line. */
export async function loadClusterConfig(options: LoadOptions = {}): Promise<ClusterConfig> {
  const cwd = options.cwd ?? process.cwd();
  if (options.path === undefined) return validDefaultCluster(options, cwd);
  const text = await readSource(options.path, options.stdin);
  const source = options.path === '-' ? 'stdin' : options.path;
  const reading = readClusterConfig(text, options, cwd);
  if (reading.kind === 'config') return reading.config;
  throw configInvalid(
    source,
    reading.problems.map(({ problem, line }) => asFlag(problem, options) ?? renderProblem(problem, source, line)),
  );
}

function validDefaultCluster(overrides: Overrides, cwd: string): ClusterConfig {
  const config = applyDefaults({}, overrides, cwd);
  const problems = validateCluster(config);
  if (problems.length === 0) return config;
  throw configInvalid(
    'the cluster asked for',
    problems.map((problem) => asFlag(problem, overrides) ?? renderProblem(problem, undefined, undefined)),
  );
}

/** A problem of what a flag said is the flag's, not the file's. */
function asFlag(problem: Problem, overrides: Overrides): string | undefined {
  if (problem.path === 'name' && overrides.name) return `--name  ${problem.message}`;
  if (/^nodes\[\d+\]\.image$/.test(problem.path) && overrides.image) return `--image  ${problem.message}`;
  return undefined;
}

async function readSource(path: string, stdin: (() => Promise<string>) | undefined): Promise<string> {
  try {
    if (path !== '-') return await readFile(path, 'utf8');
    if (stdin === undefined) throw new Error('there is no standard input');
    return await stdin();
  } catch (error) {
    throw configNotReadable(path === '-' ? 'on standard input' : path, error);
  }
}
