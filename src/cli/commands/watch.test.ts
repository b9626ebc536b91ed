import { describe, expect, test } from 'vitest';
import { KlabError } from '../../base/errors.ts';
import { FakeUseCases, runLine } from '../fake.ts';

const record = {
  node: 'n1',
  at: Date.UTC(2026, 10, 23),
  kind: 'pod.decided',
  pods: ['a/a'],
  fields: { actions: [{ kind: 'createSandbox', because: 'no pod sandbox exists' }] },
};
const murmur = { ...record, kind: 'runtime.relisted', pods: [], fields: { ms: 1, changed: 0 } };

function watching(): FakeUseCases {
  const useCases = new FakeUseCases();
  useCases.watched = [
    { type: 'connected', node: 'n1' },
    { type: 'record', record },
    { type: 'record', record: murmur },
    { type: 'lost', node: 'n1', because: 'it went away' },
  ];
  return useCases;
}

describe('klab watch', () => {
  test('prints a line for each step, and says when a node is silent', async () => {
    const useCases = watching();
    const { stdout, stderr, exitCode } = await runLine('watch n1 web --once', { useCases });
    expect(stdout).toMatch(
      /^\d\d:\d\d:\d\d\.000 {2}n1 {2}a\/a {2}decided {3}createSandbox \(because no pod sandbox exists\)\n$/,
    );
    expect(stderr).toContain('n1: no connection: it went away');
    expect(exitCode).toBe(0);
    expect(useCases.calls).toEqual([['watch', 'n1', 'web', true]]);
  });

  test('says when there is nothing to print', async () => {
    const { stdout, stderr, exitCode } = await runLine('watch n1 wbe --once', { useCases: new FakeUseCases() });
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: '',
      stderr: 'nothing is remembered of a pod "wbe"\n',
      exitCode: 0,
    });
  });

  test('prints JSON, every record with --all', async () => {
    const { stdout } = await runLine('watch -o json --all', { useCases: watching() });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ kind }) => kind)).toEqual(['pod.decided', 'runtime.relisted']);
    expect(lines[0]).toMatchObject({ node: 'n1', pod: 'a/a', at: '2026-11-23T00:00:00.000Z' });
  });

  test.each([
    ['watch n1', ['watchAtTerminal', 'n1', undefined]],
    ['watch --web n1 web', ['watchInBrowser', 'n1', 'web']],
  ])('at a terminal: %s', async (line, call) => {
    const useCases = watching();
    const { exitCode } = await runLine(line, { useCases, atTerminal: true });
    expect(exitCode).toBe(0);
    expect(useCases.calls).toEqual([call]);
  });

  test.each(['watch --web -o json', 'watch --web --once', 'watch a b c'])('refuses %s', async (line) => {
    const useCases = watching();
    const { exitCode, stderr } = await runLine(line, { useCases });
    expect(exitCode).not.toBe(0);
    expect(stderr).not.toBe('');
    expect(useCases.calls).toEqual([]);
  });
});

describe('klab explain pod', () => {
  test('prints the answer first', async () => {
    const { stdout } = await runLine('explain pod web');
    expect(stdout).toBe('Pod:    default/web\nNode:   lab-worker\nPhase:  Running\n\nIt runs and is ready.\n');
  });

  test('prints JSON', async () => {
    const { stdout } = await runLine('explain pod web -o json --name lab --namespace blue');
    expect(JSON.parse(stdout)).toMatchObject({ pod: 'default/web', why: ['It runs and is ready.'] });
  });

  test('fails as what it asks fails', async () => {
    const useCases = new FakeUseCases();
    useCases.failure = new KlabError('POD_NOT_FOUND', 'there is no such pod');
    const { exitCode, stderr } = await runLine('explain pod web', { useCases });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('there is no such pod');
  });
});
