import { expect, test } from 'vitest';
import type { Container, Probe } from '../../api/types.ts';
import { CriError } from '../../cri/port.ts';
import { attemptProbe } from './attempt.ts';

const container: Container = {
  name: 'web',
  ports: [{ name: 'http', containerPort: 8080 }],
  env: [
    { name: 'FILE', value: '/tmp/a' },
    { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  ],
};
const pod = { metadata: { name: 'p', namespace: 'n', uid: 'u' }, spec: { containers: [container] } };

async function attempt(probe: Probe, execSync: (command: readonly string[]) => number = () => 0) {
  const runtime = {
    execSync: async (_id: string, command: readonly string[]) => ({
      exitCode: execSync(command),
      stdout: Buffer.from('out '),
      stderr: Buffer.from('err'),
    }),
  };
  return attemptProbe({ pod, container, probe, containerId: 'c', podIp: '127.0.0.1' }, runtime, 'kube-probe/1.37');
}

test('a command has the container’s plain variables in it', async () => {
  let seen: readonly string[] = [];
  await attempt({ exec: { command: ['cat', '$(FILE)', '$(POD)', '$(NONE)', '$$(FILE)'] } }, (command) => {
    seen = command;
    return 0;
  });
  expect(seen).toEqual(['cat', '/tmp/a', '', '$(NONE)', '$(FILE)']);
});

test('a command that fails tells what it wrote', async () => {
  expect(await attempt({ exec: { command: ['false'] } }, () => 1)).toEqual({ kind: 'failure', output: 'out err' });
});

test('a command that takes too long is told as upstream does', async () => {
  const late = () => {
    throw new CriError('ExecSync', 'deadlineExceeded', 'DeadlineExceeded', 'too late');
  };
  expect(await attempt({ exec: { command: ['sh', '-c', 'echo "a"'] }, timeoutSeconds: 90 }, late)).toEqual({
    kind: 'failure',
    output: 'command timed out: "sh -c echo \\"a\\"" timed out after 1m30s',
  });
});

test.each([
  ['a name that no port has', { tcpSocket: { port: 'https' } }, 'port "https" not found'],
  ['a number in quotes', { httpGet: { port: '8080' } }, 'port "8080" not found'],
  ['a number that is no port', { tcpSocket: { port: 70_000 } }, 'invalid port number: 70000'],
  ['no handler at all', {}, 'missing probe handler for p_n(u):web'],
])('%s keeps the probe from being made', async (_name, probe, message) => {
  expect(await attempt(probe)).toEqual({ kind: 'error', message });
});
