import { expect, test } from 'vitest';
import { KlabError } from '../base/errors.ts';
import { FakeUseCases, runLine } from './fake.ts';

function failingWith(error: Error): FakeUseCases {
  const useCases = new FakeUseCases();
  useCases.listClusters = () => Promise.reject(error);
  return useCases;
}

const cause = new Error('connect ENOENT /var/run/docker.sock');
const engineDown = new KlabError('ENGINE_NOT_RUNNING', 'Docker does not answer', { hint: 'start it', cause });

test('an error: message and hint, neither cause nor stack', async () => {
  const ran = await runLine('get clusters', { useCases: failingWith(engineDown) });
  expect(ran).toEqual({ exitCode: 1, stdout: '', stderr: 'ERROR: Docker does not answer\nHint: start it\n' });
});

test('with -v 1: cause and stacks too', async () => {
  const { stderr } = await runLine('get clusters -v 1', { useCases: failingWith(engineDown) });
  expect(stderr).toMatch(
    /Hint: start it\nKlabError: Docker does not answer\n {4}at [\s\S]*\ncaused by: Error: connect ENOENT/,
  );
});

test('as JSON: one line that programs can read', async () => {
  const { stderr } = await runLine('get clusters -o json', { useCases: failingWith(engineDown) });
  expect(JSON.parse(stderr)).toEqual({
    error: { code: 'ENGINE_NOT_RUNNING', message: 'Docker does not answer', hint: 'start it' },
  });
});

test('-q silences the talk but not the error', async () => {
  const useCases = new FakeUseCases();
  expect(await runLine('create -q', { useCases })).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  useCases.failure = engineDown;
  expect((await runLine('create -q', { useCases })).stderr).toBe('ERROR: Docker does not answer\nHint: start it\n');
});

test('a mistake in klab says that it is one', async () => {
  const ran = await runLine('get clusters', { useCases: failingWith(new TypeError('x is undefined')) });
  expect(ran).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'ERROR: x is undefined\nHint: this is a mistake in klab; -v 1 shows where\n',
  });
});

test('Ctrl-C: the work is told, waited for until it is undone, and the exit code is 130', async () => {
  const stop = new AbortController();
  const useCases = new FakeUseCases();
  let undone = false;
  useCases.createCluster = (_request, { signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        setImmediate(() => {
          undone = true;
          reject(signal.reason);
        });
      });
      stop.abort();
    });
  const ran = await runLine('create', { useCases, signal: stop.signal });
  expect(undone).toBe(true);
  expect(ran).toEqual({
    exitCode: 130,
    stdout: '',
    stderr: 'Interrupted: undoing what was begun. Press Ctrl-C again to leave at once.\nERROR: interrupted\n',
  });
});

test('colors and spinners on a terminal only, and not with NO_COLOR', async () => {
  const useCases = failingWith(engineDown);
  expect((await runLine('get clusters', { useCases, atTerminal: true })).stderr).toContain('\x1b[31m');
  const plain = await runLine('get clusters', { useCases, atTerminal: true, env: { NO_COLOR: '1' } });
  expect(plain.stderr).not.toContain('\x1b[3');
});
