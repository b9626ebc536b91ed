import { describe, expect, test } from 'vitest';
import { program } from './commands/all.ts';
import { runLine } from './fake.ts';
import { helpFor, parseCommandLine } from './parse.ts';

describe('mistakes are answered with what was meant', () => {
  test.each([
    ['an unknown command', 'creat', "unknown command 'creat'", 'did you mean create?'],
    ['a command that is nothing like one', 'xyzzy', "unknown command 'xyzzy'", 'klab --help lists the commands'],
    ['after a group', 'get node', "unknown command 'node'", 'did you mean nodes?'],
    [
      'after one that has a default',
      'create clutser',
      'unknown command "clutser" for klab create',
      'did you mean klab create cluster?',
    ],
    ['an unknown flag', 'create --nmae x', "unknown option '--nmae'", 'did you mean --name?'],
    [
      'a flag of another command',
      'get clusters --wait 5m',
      "unknown option '--wait'",
      'klab get clusters --help shows how it is used',
    ],
    [
      'a flag without its value',
      'create --name',
      "option '-n, --name <NAME>' argument missing",
      'klab create --help shows how it is used',
    ],
    [
      'too many arguments',
      'export logs a b',
      'klab export logs does not take "b"',
      'klab export logs --help shows how it is used',
    ],
    ['a level', 'get clusters -v lots', '--verbosity "lots" is not a level', 'use a number: 0, 1, 2…'],
    [
      'a duration',
      'create --wait soon',
      '--wait "soon" is not a duration',
      'write it like 5m, 90s or 1m30s; 0 for none',
    ],
    ['a format', 'get nodes -o xml', '--output "xml" is not known', 'use text or json'],
  ])('%s', async (_name, line, message, hint) => {
    expect(await runLine(line)).toEqual({ exitCode: 1, stdout: '', stderr: `ERROR: ${message}\nHint: ${hint}\n` });
  });
});

describe('help', () => {
  test.each(['', '--help', '-h'])('klab %s lists the commands on stdout', async (line) => {
    const ran = await runLine(line);
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
    for (const word of ['create', 'delete', 'get', 'exec', 'load', 'export', 'build', 'completion', 'version']) {
      expect(ran.stdout).toMatch(new RegExp(`^ {2}${word}\\b`, 'm'));
    }
    expect(ran.stdout).not.toContain('__complete');
  });

  test.each(program.commands.filter((command) => !command.hidden))(
    '$path: usage, every flag, and examples',
    (command) => {
      const help = helpFor(command.path, program);
      expect(help).toMatch(new RegExp(`^Usage: klab ${command.path}`));
      for (const flag of command.flags) expect(help).toContain(`--${flag.long}`);
      expect(command.examples.length).toBeGreaterThan(0);
      for (const { command: line } of command.examples) expect(help).toContain(line);
    },
  );

  test('a group without a command shows its commands', async () => {
    expect(await runLine('get')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('kubeconfig') });
  });
});

test('the examples that are plain klab lines can be parsed', () => {
  const lines = program.commands
    .flatMap((command) => command.examples.map((example) => example.command))
    .filter((line) => line.startsWith('klab ') && !/[|<>"]/.test(line));
  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines) expect(parseCommandLine(line.split(' ').slice(1), program).kind).toBe('run');
});

test.each([
  ['before the command', '-v 3 -q get nodes'],
  ['after it', 'get nodes -q --verbosity=3'],
])('global flags are understood %s', (_name, line) => {
  expect(parseCommandLine(line.split(' '), program)).toMatchObject({ kind: 'run', verbosity: 3, quiet: true });
});
