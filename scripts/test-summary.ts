/**
 * Sums up the reports of all test runs: which files deserve a second attempt, what failed and why, and the counts.
 *
 * Used by scripts/test.sh:
 *   node scripts/test-summary.ts failed-files REPORT           the files in which a test failed, one a line
 *   node scripts/test-summary.ts total UPSTREAM REPORT...      the summary; REPORT may be FIRST:SECOND
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import * as z from 'zod';

const reportShape = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

const upstreamShape = z.object({ passed: z.number(), failed: z.number(), skipped: z.number() });

/** A Vitest JSON report, as far as it is read here. */
export type TestReport = z.infer<typeof reportShape>;
/** Counts of upstream's suite, as e2e/conformance writes them. */
export type UpstreamCounts = z.infer<typeof upstreamShape>;

/** One project's run, and the second attempt of the files that failed in it. */
export interface Attempts {
  first: TestReport;
  second?: TestReport;
}

/** A test that failed: where it stands, its name, and the first line of its message. */
export interface Failure {
  file: string;
  test: string;
  message: string;
}

/**
 * What failed in a report; a file that failed before its tests ran counts as one failure.
 * @param report the report
 * @returns the failures in the report's order
 */
export function failuresOf(report: TestReport): Failure[] {
  return report.testResults.flatMap((file) => {
    const failed = file.assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => ({ file: file.name, test: test.fullName, message: firstLine(test.failureMessages?.[0] ?? '') }));
    if (failed.length > 0 || file.status !== 'failed') return failed;
    return [{ file: file.name, test: '(the file itself)', message: firstLine(file.message) }];
  });
}

/**
 * The summary of all runs.
 * @param runs each project's attempts
 * @param upstream counts of upstream's suite; undefined when it left none, which counts as one failure
 * @param root folder that file names are shown relative to
 * @returns lines to print, the last of them the counts, and the number of failures
 */
export function renderSummary(runs: Attempts[], upstream: UpstreamCounts | undefined, root: string) {
  const suite = upstream ?? { passed: 0, failed: 1, skipped: 0 };
  const lines: string[] = [];
  let { passed, failed, skipped } = suite;
  if (upstream === undefined) lines.push("FAILED upstream's own tests left no counts");
  for (const { first, second } of runs) {
    const before = failuresOf(first);
    const after = second === undefined ? before : failuresOf(second);
    passed += first.numPassedTests + (second === undefined ? 0 : Math.max(0, before.length - after.length));
    failed += after.length;
    skipped += first.numPendingTests + first.numTodoTests;
    if (second !== undefined) lines.push(...before.map((failure) => describe('TRIED TWICE', failure, root)));
    lines.push(...after.map((failure) => describe('FAILED', failure, root)));
  }
  lines.push(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return { lines, failed };
}

function describe(verdict: string, failure: Failure, root: string): string {
  return `${verdict} ${relative(root, failure.file)} > ${failure.test}: ${failure.message}`;
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}

function readReport(file: string): TestReport {
  return reportShape.parse(JSON.parse(readFileSync(file, 'utf8')));
}

function main([what, ...files]: string[]): number {
  if (what === 'failed-files') {
    const failed = failuresOf(readReport(files[0] ?? '')).map((failure) => failure.file);
    for (const file of new Set(failed)) console.log(file);
    return 0;
  }
  const [upstreamFile = '', ...reports] = files;
  const upstream = existsSync(upstreamFile)
    ? upstreamShape.parse(JSON.parse(readFileSync(upstreamFile, 'utf8')))
    : undefined;
  const runs = reports.map((pair) => {
    const [first = '', second = ''] = pair.split(':');
    return { first: readReport(first), ...(existsSync(second) ? { second: readReport(second) } : {}) };
  });
  const { lines, failed } = renderSummary(runs, upstream, process.cwd());
  console.log(lines.join('\n'));
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
