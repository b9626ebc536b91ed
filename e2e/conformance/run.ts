import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseReport, type TestResult } from './report.ts';

export interface RunOptions {
  /** The folder with ginkgo and e2e.test. */
  readonly programs: string;
  readonly kubeconfig: string;
  /** Regular expressions over the tests' names. */
  readonly focus: string;
  readonly skip?: string;
  /** How many tests run side by side. */
  readonly procs: number;
  /** Where reports and logs go. */
  readonly out: string;
  readonly timeout: string;
  /** How often a test may be tried in all. */
  readonly flakeAttempts: string;
}

/**
 * Runs upstream's tests, unedited, and answers their results. Serial ones come last, one at a time: ginkgo sees to
 * that. Throws when the suite made no report.
 */
export async function runSuite(options: RunOptions): Promise<readonly TestResult[]> {
  const report = join(options.out, 'report.json');
  await mkdir(options.out, { recursive: true });
  await rm(report, { force: true });
  const args = [
    ...[
      '--procs',
      String(options.procs),
      '--timeout',
      options.timeout,
      '--flake-attempts',
      options.flakeAttempts,
      '--no-color',
      '--silence-skips',
    ],
    ...['--focus', options.focus, ...(options.skip === undefined ? [] : ['--skip', options.skip])],
    ...['--output-dir', options.out, '--json-report', 'report.json', '--junit-report', 'junit.xml'],
    join(options.programs, 'e2e.test'),
    '--',
    ...['--provider', 'skeleton', '--kubeconfig', options.kubeconfig, '--dump-logs-on-failure=false'],
  ];
  const exitCode = await new Promise<number>((resolve, reject) => {
    const child = spawn(join(options.programs, 'ginkgo'), args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
  const text = await readFile(report, 'utf8').catch((cause: unknown) => {
    throw new Error(`ginkgo ended with ${exitCode} and left no report: see what it printed above`, { cause });
  });
  return parseReport(text);
}
