import { expect, test } from 'vitest';
import { parseWalkthrough } from './parse.ts';
import { type Played, type ReplayPorts, replaySection } from './replay.ts';
import { renderTranscript } from './transcript.ts';

/** A world whose commands answer from a table; the time goes on while one sleeps. */
function world(answers: Readonly<Record<string, readonly (string | { output: string; exitCode: number })[]>>) {
  const ran: string[] = [];
  const files = new Map<string, string>();
  const counts = new Map<string, number>();
  let now = 0;
  const answer = async (command: string) => {
    ran.push(command);
    const list = answers[command] ?? [''];
    const count = counts.get(command) ?? 0;
    counts.set(command, count + 1);
    const found = list[Math.min(count, list.length - 1)] ?? '';
    return typeof found === 'string' ? { output: found, exitCode: 0 } : found;
  };
  const ports: ReplayPorts = {
    run: answer,
    runInTerminal: answer,
    writeFile: (name, text) => void files.set(name, text),
    nowMs: () => now,
    sleep: async (ms) => {
      now += ms;
    },
  };
  return { ports, ran, files };
}

async function replay(text: string, ports: ReplayPorts, learn = false) {
  const played: Played[] = [];
  for (const section of parseWalkthrough(text))
    await replaySection(section, { cluster: 'e2e-kubelet', learn }, ports, (one) => played.push(one));
  return played;
}

test('files are written and commands run in order, on a cluster of another name', async () => {
  const { ports, ran, files } = world({ 'docker exec e2e-kubelet-worker x': ['on e2e-kubelet-worker\n'] });
  await replay(
    '```yaml a.yaml\nnode: kubelet-worker\n```\n```console\n$ docker exec kubelet-worker x\non kubelet-worker\n$ next\n```',
    ports,
  );
  expect(ran).toEqual(['docker exec e2e-kubelet-worker x', 'next']);
  expect(files.get('a.yaml')).toBe('node: e2e-kubelet-worker\n');
});

test('other output is an error that shows both', async () => {
  const { ports, ran } = world({ one: ['Pending\n'] });
  await expect(replay('```console\n$ one\nRunning\n$ two\n```', ports)).rejects.toThrow(
    /md:2\n\$ one\n[\s\S]*- Running\n\+ Pending/,
  );
  expect(ran).toEqual(['one']);
});

test('a command that fails is an error, unless echo $? follows', async () => {
  const { ports } = world({ one: [{ output: 'no\n', exitCode: 3 }], 'echo $?': ['3\n'] });
  await expect(replay('```console\n$ one\nno\n```', ports)).rejects.toThrow('exited with 3:\nno');
  await replay('```console\n$ one\nno\n$ echo $?\n3\n```', ports);
});

test('what comes soon is waited for, but not for ever', async () => {
  const { ports, ran } = world({ one: ['Pending\n', 'Pending\n', 'Running\n'], two: ['Pending\n'] });
  await replay('```console soon\n$ one\nRunning\n```', ports);
  expect(ran).toEqual(['one', 'one', 'one']);
  await expect(replay('```console soon\n$ two\nRunning\n```', ports)).rejects.toThrow('+ Pending');
});

test('learning keeps other output for the text; what the text shortened, or what failed, is for somebody to look at', async () => {
  const { ports } = world({
    one: ['new\n'],
    two: ['a\nb\n'],
    three: ['same\n'],
    four: [{ output: 'no\n', exitCode: 1 }],
  });
  const played = await replay('```console\n$ one\nold\n$ two\nx\n…\n$ three\nsame\n$ four\n```', ports, true);
  expect(played.map(({ learnt, output, problem }) => [learnt, output, problem?.split('\n')[2]])).toEqual([
    [true, ['new'], undefined],
    [false, ['a', 'b'], 'The text shows (-) what did not come, or not (+) what came:'],
    [false, ['same'], undefined],
    [true, ['no'], 'exited with 1:'],
  ]);
});

test('the transcript has a head, and everything that was printed', async () => {
  const { ports } = world({ one: ['seen\n'] });
  const played = await replay('## First\n```console\n$ one\n…\n```', ports);
  const head = { recordedAt: new Date('2026-11-23T20:00:00Z'), versions: ['klab 1'] };
  expect(renderTranscript(head, played).split('\n').slice(1)).toEqual([
    'Recorded 2026-11-23 20:00 UTC by the test in e2e/walkthrough (make walkthrough).',
    'klab 1',
    '',
    '=== First',
    '',
    '$ one',
    'seen',
    '',
  ]);
});
