import { describe, expect, test } from 'vitest';
import { KlabError } from '../../base/errors.ts';
import { FakeUseCases, runLine } from '../fake.ts';

describe('klab create node', () => {
  test('adds one worker', async () => {
    const useCases = new FakeUseCases();
    const { exitCode, stderr } = await runLine('create node --name lab', { useCases });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringContaining('Added to cluster lab: lab-worker2'),
    });
    expect(useCases.calls).toEqual([['addNodes', { cluster: 'lab', count: 1, waitMs: 180_000, retain: false }]]);
  });

  test('or several, named in JSON', async () => {
    const { stdout } = await runLine('create node --name lab --count 2 --wait 0 -o json');
    expect(JSON.parse(stdout)).toEqual({ cluster: 'lab', nodes: ['lab-worker2', 'lab-worker3'] });
  });

  test.each(['0', '-1', '1.5', 'two', '101'])('refuses --count %s', async (count) => {
    const useCases = new FakeUseCases();
    const { exitCode, stderr } = await runLine(['create', 'node', `--count=${count}`], { useCases });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('whole number') });
    expect(useCases.calls).toEqual([]);
  });
});

describe('klab delete node', () => {
  test('deletes those that are named', async () => {
    const useCases = new FakeUseCases();
    const { stderr } = await runLine('delete node lab-worker lab-worker2', { useCases });
    expect(stderr).toContain('Deleted lab-worker, lab-worker2');
    expect(useCases.calls).toEqual([['deleteNodes', ['lab-worker', 'lab-worker2']]]);
  });

  test('wants a name', async () => {
    expect((await runLine('delete node')).exitCode).toBe(1);
  });

  test('fails as what it asks fails', async () => {
    const useCases = new FakeUseCases();
    useCases.failure = new KlabError('NODE_NOT_FOUND', 'there is no such node');
    expect(await runLine('delete node nope', { useCases })).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('there is no such node'),
    });
  });
});
