import { expect, test } from 'vitest';
import {
  compareWithBefore,
  parsePassed,
  parseReport,
  renderMarkdown,
  renderPassed,
  type TestResult,
} from './report.ts';

const aSpec = (over: Record<string, unknown> = {}) => ({
  ContainerHierarchyTexts: ['[sig-node] Pods'],
  ContainerHierarchyLabels: null,
  LeafNodeType: 'It',
  LeafNodeText: 'should start',
  LeafNodeLabels: null,
  State: 'passed',
  RunTime: 1_500_000_000,
  NumAttempts: 1,
  ...over,
});
const aReport = (...specs: readonly unknown[]) => JSON.stringify([{ SpecReports: specs }]);
const failure = (Message: string) => ({ Message, Location: { FileName: '/src/test/e2e/pods.go', LineNumber: 7 } });

test.each([
  ['a test that passed', aSpec(), [{ name: '[sig-node] Pods should start', outcome: 'passed', seconds: 1.5 }]],
  [
    'a failed one says why and where, in one line',
    aSpec({ State: 'failed', Failure: failure('Timed out\n  after 5s') }),
    [
      {
        name: '[sig-node] Pods should start',
        outcome: 'failed',
        seconds: 1.5,
        because: 'Timed out after 5s (pods.go:7)',
      },
    ],
  ],
  [
    'one that was cut off counts as failed',
    aSpec({ State: 'timedout' }),
    [{ name: '[sig-node] Pods should start', outcome: 'failed', seconds: 1.5 }],
  ],
  [
    'one that skipped itself',
    aSpec({ State: 'skipped', Failure: failure('needs SELinux') }),
    [{ name: '[sig-node] Pods should start', outcome: 'skipped', seconds: 1.5, because: 'needs SELinux (pods.go:7)' }],
  ],
  ['one that the focus left out is not there', aSpec({ State: 'skipped' }), []],
  ['a pending one is not there', aSpec({ State: 'pending' }), []],
  ["the suite's set-up is no test", aSpec({ LeafNodeType: 'BeforeSuite', LeafNodeText: '' }), []],
  [
    'but its failure is told',
    aSpec({ LeafNodeType: 'BeforeSuite', LeafNodeText: '', State: 'failed', Failure: failure('no nodes') }),
    [{ name: '[BeforeSuite]', outcome: 'failed', seconds: 1.5, because: 'no nodes (pods.go:7)' }],
  ],
])('%s', (_name, spec, results) => expect(parseReport(aReport(spec))).toEqual(results));

test('something else than a report is refused', () => {
  expect(() => parseReport('{}')).toThrow();
});

const aResult = (name: string, outcome: TestResult['outcome']): TestResult => ({ name, outcome, seconds: 1 });

test('a failure of what passed before breaks; what was not run is no matter', () => {
  const results = [aResult('a', 'failed'), aResult('b', 'failed'), aResult('c', 'passed'), aResult('d', 'passed')];
  expect(compareWithBefore(results, new Set(['a', 'c', 'z']), { b: 'the kernel' })).toEqual({
    known: ['b'],
    unexpected: ['a'],
    broken: ['a'],
    gained: ['d'],
  });
});

test('the list keeps the names of other runs and loses what failed', () => {
  const results = [aResult('c', 'passed'), aResult('a', 'failed'), aResult('b', 'skipped')];
  const text = renderPassed(results, new Set(['a', 'b', 'x']));
  expect(text).toBe('b\nc\nx\n');
  expect([...parsePassed(text)]).toEqual(['b', 'c', 'x']);
});

test('names and reasons cannot break the table', () => {
  const text = renderMarkdown('T', { date: 'today' }, [{ ...aResult('a|b', 'failed'), because: 'x | <y>' }]);
  expect(text).toContain('| a\\|b | 1.0 | x \\| &lt;y> |');
  expect(text).toContain('- 0 passed, 1 failed, 0 skipped');
});
