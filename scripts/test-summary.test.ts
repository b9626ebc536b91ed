import { describe, expect, it } from 'vitest';
import { failuresOf, renderSummary, type TestReport } from './test-summary.ts';

const report = (passed: number, failed: Record<string, string[]> = {}): TestReport => ({
  numPassedTests: passed,
  numFailedTests: Object.values(failed).flat().length,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: Object.entries(failed).map(([name, tests]) => ({
    name,
    status: 'failed',
    message: 'no cluster\nat line 3',
    assertionResults: tests.map((fullName) => ({
      fullName,
      status: 'failed',
      failureMessages: ['expected 1 to be 2\n    at somewhere'],
    })),
  })),
});
const upstream = { passed: 170, failed: 0, skipped: 0 };

describe('failuresOf', () => {
  it('names the test and the first line of its message', () => {
    expect(failuresOf(report(3, { '/r/a.e2e.ts': ['pods start'] }))).toEqual([
      { file: '/r/a.e2e.ts', test: 'pods start', message: 'expected 1 to be 2' },
    ]);
  });

  it('counts a file whose set-up failed', () => {
    expect(failuresOf(report(3, { '/r/a.e2e.ts': [] }))).toEqual([
      { file: '/r/a.e2e.ts', test: '(the file itself)', message: 'no cluster' },
    ]);
  });
});

describe('renderSummary', () => {
  it('adds everything up', () => {
    expect(renderSummary([{ first: report(10) }, { first: report(5) }], upstream, '/r')).toEqual({
      lines: ['185 passed, 0 failed'],
      failed: 0,
    });
  });

  it('passes what passed at the second attempt, and says which needed it', () => {
    const run = { first: report(10, { '/r/a.e2e.ts': ['pods start'] }), second: report(4) };
    expect(renderSummary([run], upstream, '/r')).toEqual({
      lines: ['TRIED TWICE a.e2e.ts > pods start: expected 1 to be 2', '181 passed, 0 failed'],
      failed: 0,
    });
  });

  it('fails what failed twice', () => {
    const twice = report(10, { '/r/a.e2e.ts': ['pods start'] });
    const { lines, failed } = renderSummary([{ first: twice, second: twice }], upstream, '/r');
    expect(failed).toBe(1);
    expect(lines).toContain('FAILED a.e2e.ts > pods start: expected 1 to be 2');
    expect(lines.at(-1)).toBe('180 passed, 1 failed');
  });

  it("fails when upstream's suite left no counts", () => {
    expect(renderSummary([{ first: report(10) }], undefined, '/r')).toMatchObject({ failed: 1 });
  });
});
