import { expect, test } from 'vitest';
import { program } from './commands/all.ts';
import { completeWords } from './complete.ts';
import { FakeUseCases, runLine } from './fake.ts';

const names = { clusters: async () => ['lab', 'other'], nodes: async () => ['lab-control-plane', 'lab-worker'] };

test.each([
  [
    'the first word',
    [''],
    [
      'build',
      'cni',
      'completion',
      'create',
      'delete',
      'exec',
      'explain',
      'export',
      'get',
      'load',
      'sysctl',
      'version',
      'watch',
    ],
  ],
  ['its beginning', ['e'], ['exec', 'explain', 'export']],
  ['the second word', ['get', ''], ['clusters', 'kubeconfig', 'nodes']],
  ['aliases too', ['load', ''], ['archive', 'docker-image', 'image', 'image-archive']],
  ['flags', ['get', 'nodes', '--'], ['--name', '--all-clusters', '--output']],
  ['flags of the default command', ['create', '--re'], ['--retain']],
  ['flags of klab', ['--ver'], ['--verbosity', '--version']],
  ['names of clusters', ['get', 'nodes', '--name', ''], ['lab', 'other']],
  ['after the short flag', ['delete', '-n', 'o'], ['other']],
  ['names of nodes', ['exec', 'lab-w'], ['lab-worker']],
  ['choices', ['get', 'nodes', '-o', ''], ['text', 'json']],
  ['a value that nothing is known about', ['create', '--image', ''], []],
  ['arguments after flags', ['delete', 'clusters', '--all', ''], ['lab', 'other']],
])('%s', async (_name, words, want) => {
  expect(await completeWords(words, program.commands, names)).toEqual({ kind: 'words', words: want });
});

test.each([
  ['files', ['create', '--config', ''], 'files'],
  ['folders', ['export', 'logs', ''], 'folders'],
  ['the command to run on a node', ['exec', 'n', '--', 'l'], 'files'],
])('%s', async (_name, words, kind) => {
  expect(await completeWords(words, program.commands, names)).toEqual({ kind });
});

test('what the shells call prints a word a line, or what to offer instead', async () => {
  const useCases = new FakeUseCases();
  useCases.clusters = [{ name: 'lab', workers: 1 }];
  expect((await runLine(['__complete', '--', 'exec', ''], { useCases })).stdout).toBe(
    'lab-control-plane\nlab-worker\n',
  );
  expect((await runLine(['__complete', '--', 'create', '--config', ''])).stdout).toBe(':files\n');
});

test('without an engine there is nothing to offer, and nothing is said', async () => {
  const useCases = new FakeUseCases();
  useCases.listClusters = () => Promise.reject(new Error('Docker does not answer'));
  const ran = await runLine(['__complete', '--', 'delete', '--name', ''], { useCases });
  expect(ran).toEqual({ exitCode: 0, stdout: '', stderr: '' });
});

test.each(['bash', 'zsh', 'fish'])('the script for %s calls klab', async (shell) => {
  expect((await runLine(`completion ${shell}`)).stdout).toContain('klab __complete -- ');
});
