import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

const image = 'docker.io/library/busybox:1.37';
let cluster: Cluster;
let ns = '';
let remove: () => Promise<void>;
const kubectl = (...args: string[]) => cluster.kubectl(['-n', ns, ...args]);
beforeAll(async () => {
  cluster = await useCluster('default');
  ({ name: ns, remove } = await cluster.namespace('token'));
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'client', namespace: ns },
    spec: {
      terminationGracePeriodSeconds: 1,
      volumes: [
        {
          name: 'vault',
          projected: {
            sources: [{ serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } }],
          },
        },
      ],
      containers: [
        { name: 'main', image, command: ['sleep', '9999'], volumeMounts: [{ name: 'vault', mountPath: '/vault' }] },
      ],
    },
  });
  await kubectl('wait', '--for=condition=Ready', 'pod/client', '--timeout=60s');
});
afterAll(() => remove?.());

/** What the API server says of a token. */
async function review(token: string, audiences: readonly string[] = []) {
  const answer = JSON.parse(
    await cluster.kubectl(['create', '-f', '-', '-o', 'json'], {
      input: JSON.stringify({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, ...(audiences.length === 0 ? {} : { audiences }) },
      }),
    }),
  ) as { status: { authenticated?: boolean; user?: { username: string; extra?: Record<string, string[]> } } };
  return answer.status;
}

test('a pod’s token lets it ask the API server, within its rights', async () => {
  const ask = () =>
    cluster.tryKubectl([
      '-n',
      ns,
      'exec',
      'client',
      '--',
      'sh',
      '-c',
      'wget -qO- --no-check-certificate --header "Authorization: Bearer $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)" ' +
        `https://kubernetes.default.svc/api/v1/namespaces/${ns}/pods/client`,
    ]);
  expect((await ask()).stderr).toContain('403');
  await kubectl('create', 'rolebinding', 'reader', '--clusterrole=view', `--serviceaccount=${ns}:default`);
  const answer = await eventually('an answer', async () => {
    const { stdout, exitCode } = await ask();
    return exitCode === 0 ? stdout : undefined;
  });
  expect(JSON.parse(answer)).toMatchObject({ kind: 'Pod', metadata: { name: 'client' } });
});

test('a token is bound to its pod, and to its audience', async () => {
  const own = await review(
    await kubectl('exec', 'client', '--', 'cat', '/var/run/secrets/kubernetes.io/serviceaccount/token'),
  );
  expect(own).toMatchObject({ authenticated: true, user: { username: `system:serviceaccount:${ns}:default` } });
  expect(own.user?.extra?.['authentication.kubernetes.io/pod-name']).toEqual(['client']);
  const vault = await kubectl('exec', 'client', '--', 'cat', '/vault/token');
  expect((await review(vault, ['vault'])).authenticated).toBe(true);
  expect((await review(vault)).authenticated).not.toBe(true);
});

test('debug puts a container into a running pod, in sight of its processes', async () => {
  await kubectl('debug', 'client', `--image=${image}`, '--target=main', '-c', 'looker', '--', 'sh', '-c', 'ps; exit 4');
  const exitCode = await eventually('the end of the debug container', async () => {
    const { status } = await cluster.json<{
      status: { ephemeralContainerStatuses?: { state: { terminated?: { exitCode: number } } }[] };
    }>(['-n', ns, 'get', 'pod', 'client']);
    return status.ephemeralContainerStatuses?.[0]?.state.terminated?.exitCode;
  });
  expect(exitCode).toBe(4);
  expect(await kubectl('logs', 'client', '-c', 'looker')).toContain('sleep 9999');
  expect(await kubectl('get', 'pod', 'client', '-o', 'jsonpath={.status.containerStatuses[0].restartCount}')).toBe('0');
});
