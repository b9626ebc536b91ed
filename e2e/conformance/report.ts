import * as z from 'zod';

/** One test as ginkgo's JSON report tells it. */
export interface TestResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  /** Why it failed or was skipped, and where in upstream's source. */
  readonly because?: string;
}

const specSchema = z.object({
  ContainerHierarchyTexts: z.array(z.string()).nullable(),
  ContainerHierarchyLabels: z.array(z.array(z.string()).nullable()).nullable(),
  LeafNodeType: z.string(),
  LeafNodeText: z.string(),
  LeafNodeLabels: z.array(z.string()).nullable(),
  State: z.string(),
  RunTime: z.number(),
  NumAttempts: z.number(),
  Failure: z
    .object({ Message: z.string().optional(), Location: z.object({ FileName: z.string(), LineNumber: z.number() }) })
    .optional(),
});
const reportSchema = z.array(z.object({ SpecReports: z.array(specSchema).nullable() }));

/**
 * ginkgo's JSON report → the tests that ran or were skipped by themselves, by name. Tests that the focus left out are
 * not in it: they have no attempt and no reason. Throws when it is no such report.
 */
export function parseReport(text: string): readonly TestResult[] {
  const results = reportSchema.parse(JSON.parse(text)).flatMap(({ SpecReports }) =>
    (SpecReports ?? []).flatMap((spec): readonly TestResult[] => {
      const failed = !['passed', 'skipped', 'pending'].includes(spec.State);
      const isTest = spec.LeafNodeType === 'It';
      // Set-up nodes are worth a line only when they fail: then no test ran.
      if (!isTest && !failed) return [];
      const because = spec.Failure?.Message;
      if (spec.State === 'pending' || (spec.State === 'skipped' && (because ?? '') === '')) return [];
      const name = isTest
        ? [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(' ')
        : `[${spec.LeafNodeType}] ${spec.LeafNodeText}`.trim();
      return [
        {
          name,
          outcome: failed ? 'failed' : spec.State === 'passed' ? 'passed' : 'skipped',
          seconds: spec.RunTime / 1e9,
          ...(because === undefined || because === '' ? {} : { because: reasonOf(because, spec.Failure?.Location) }),
        },
      ];
    }),
  );
  return results.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const longestReason = 300;

function reasonOf(message: string, at: { readonly FileName: string; readonly LineNumber: number } | undefined): string {
  const line = message.replaceAll(/\s+/g, ' ').trim();
  const short = line.length > longestReason ? `${line.slice(0, longestReason)}…` : line;
  return at === undefined ? short : `${short} (${at.FileName.split('/').at(-1)}:${at.LineNumber})`;
}

export interface Comparison {
  /** Failed, and no machine of this kind could pass it: why is in the list of known failures. */
  readonly known: readonly string[];
  /** Failed for no known reason, whether it passed before or was never run. */
  readonly unexpected: readonly string[];
  /** Passed before, and failed now. */
  readonly broken: readonly string[];
  /** Not in the list, and passed now. */
  readonly gained: readonly string[];
}

/** Holds results against the names of the tests that passed before; tests that were not run now are no matter. */
export function compareWithBefore(
  results: readonly TestResult[],
  before: ReadonlySet<string>,
  knownFailures: Readonly<Record<string, string>> = {},
): Comparison {
  const names = (outcome: TestResult['outcome']) =>
    results.filter((result) => result.outcome === outcome).map(({ name }) => name);
  return {
    known: names('failed').filter((name) => name in knownFailures),
    unexpected: names('failed').filter((name) => !(name in knownFailures)),
    broken: names('failed').filter((name) => before.has(name)),
    gained: names('passed').filter((name) => !before.has(name)),
  };
}

/** The list of passed tests as a file: sorted, one name a line; names of other runs stay unless they failed now. */
export function renderPassed(results: readonly TestResult[], before: ReadonlySet<string>): string {
  const passed = new Set(before);
  for (const { name, outcome } of results) {
    if (outcome === 'passed') passed.add(name);
    if (outcome === 'failed') passed.delete(name);
  }
  return [...passed]
    .sort()
    .map((name) => `${name}\n`)
    .join('');
}

export const parsePassed = (text: string): ReadonlySet<string> =>
  new Set(text.split('\n').filter((line) => line !== ''));

/** Results as Markdown: the sums, then what failed or was skipped with its reason, then what passed. */
export function renderMarkdown(
  title: string,
  facts: Readonly<Record<string, string>>,
  results: readonly TestResult[],
): string {
  const of = (outcome: TestResult['outcome']) => results.filter((result) => result.outcome === outcome);
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  const table = (heading: string, rows: readonly TestResult[]) =>
    rows.length === 0
      ? []
      : [
          `## ${heading} (${rows.length})`,
          '',
          '| test | seconds | reason |',
          '| --- | ---: | --- |',
          ...rows.map(
            ({ name, seconds, because = '' }) => `| ${cell(name)} | ${seconds.toFixed(1)} | ${cell(because)} |`,
          ),
          '',
        ];
  return [
    `# ${title}`,
    '',
    ...Object.entries(facts).map(([name, value]) => `- ${name}: ${value}`),
    `- ${of('passed').length} passed, ${of('failed').length} failed, ${of('skipped').length} skipped`,
    '',
    ...table('Failed', of('failed')),
    ...table('Skipped', of('skipped')),
    ...table('Passed', of('passed')),
  ].join('\n');
}
