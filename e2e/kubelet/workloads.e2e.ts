import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { root } from '../harness/run.ts';

const busybox = 'docker.io/library/busybox:1.37';
let cluster: Cluster;
let ns = '';
let remove: () => Promise<void>;
beforeAll(async () => {
  cluster = await useCluster('default');
  ({ name: ns, remove } = await cluster.namespace('workloads'));
});
afterAll(() => remove?.());

const kubectl = (...args: string[]) => cluster.kubectl(['-n', ns, ...args]);
const aPod = (name: string, spec: Record<string, unknown>) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: ns, labels: { app: name } },
  spec: { terminationGracePeriodSeconds: 1, ...spec },
});
const shell = (script: string, rest: object = {}) => ({
  name: 'main',
  image: busybox,
  command: ['sh', '-c', script],
  ...rest,
});
interface PodJson {
  metadata: { uid: string };
  spec: { nodeName: string };
  status: {
    phase: string;
    podIP: string;
    qosClass: string;
    conditions: { type: string; status: string; reason?: string }[];
    containerStatuses: {
      name: string;
      ready: boolean;
      restartCount: number;
      containerID: string;
      state: Record<string, { reason?: string; exitCode?: number; message?: string }>;
      lastState: Record<string, { exitCode?: number; reason?: string }>;
    }[];
    initContainerStatuses?: { name: string; state: { terminated?: { reason: string } } }[];
  };
}
const getPod = (name: string) => cluster.json<PodJson>(['-n', ns, 'get', 'pod', name]);
const waitFor = (name: string, condition: string, timeout = '60s') =>
  kubectl('wait', `--for=${condition}`, `pod/${name}`, `--timeout=${timeout}`);

describe('a running pod', () => {
  beforeAll(async () => {
    // The runtime reads the two streams side by side: the second line is written when the first is in the log.
    const script = 'echo first; until [ -e /tmp/go ]; do sleep 0.1; done; echo second >&2; sleep 9999';
    await cluster.apply(aPod('shell', { containers: [shell(script)] }));
    await waitFor('shell', 'condition=Ready');
    const logHas = (text: string) =>
      eventually(`the log is ${text}`, async () => ((await kubectl('logs', 'shell')) === text ? true : undefined));
    await logHas('first');
    await kubectl('exec', 'shell', '--', 'touch', '/tmp/go');
    await logHas('first\nsecond');
  });

  test('logs, with tail and times', async () => {
    expect(await kubectl('logs', 'shell', '--all-containers')).toBe('first\nsecond');
    expect(await kubectl('logs', 'shell', '--tail=1')).toBe('second');
    expect(await kubectl('logs', 'shell', '--timestamps', '--tail=1')).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}(Z|[+-]\d\d:\d\d) second$/,
    );
  });

  test('logs -f shows what comes and ends with the container', async () => {
    await cluster.apply(
      aPod('talker', {
        restartPolicy: 'Never',
        containers: [shell('for i in 1 2 3; do echo line $i; sleep 0.3; done')],
      }),
    );
    await waitFor('talker', 'jsonpath={.status.phase}=Running').catch(() => undefined);
    expect(await kubectl('logs', '-f', 'talker')).toBe('line 1\nline 2\nline 3');
  });

  test('exec: both streams, stdin and the exit code', async () => {
    const { stdout, stderr, exitCode } = await cluster.tryKubectl([
      '-n',
      ns,
      'exec',
      'shell',
      '--',
      'sh',
      '-c',
      'echo out; echo err >&2; exit 7',
    ]);
    expect({ stdout, exitCode }).toEqual({ stdout: 'out', exitCode: 7 });
    expect(stderr).toContain('err');
    expect(
      await cluster.kubectl(['-n', ns, 'exec', '-i', 'shell', '--', 'wc', '-c'], { input: 'x'.repeat(100_000) }),
    ).toBe('100000');
  });

  test('exec -it has a terminal', async () => {
    const { stdout } = await execa(
      'script',
      [
        '-qec',
        `${root}/dist/bin/kubectl --kubeconfig ${cluster.kubeconfig} -n ${ns} exec -it shell -- sh -c 'tty; stty size'`,
        '/dev/null',
      ],
      { stdin: 'ignore', reject: false, timeout: 30_000 },
    );
    expect(stdout).toContain('/dev/pts/');
  });

  test('cp carries 20 MB both ways unharmed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'klab-cp-'));
    try {
      const blob = randomBytes(20 * 1024 * 1024);
      writeFileSync(join(folder, 'up'), blob);
      await kubectl('cp', join(folder, 'up'), `${ns}/shell:/tmp/blob`);
      await kubectl('cp', `${ns}/shell:/tmp/blob`, join(folder, 'down'));
      const hash = (data: Buffer) => createHash('sha256').update(data).digest('hex');
      expect(hash(readFileSync(join(folder, 'down')))).toBe(hash(blob));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('attach shows what the container writes', async () => {
    await cluster.apply(aPod('attached', { containers: [shell('while true; do echo tick; sleep 0.2; done')] }));
    await waitFor('attached', 'condition=Ready');
    const attached = execa(
      `${root}/dist/bin/kubectl`,
      ['--kubeconfig', cluster.kubeconfig, '-n', ns, 'attach', 'attached'],
      { stdin: 'ignore', reject: false, timeout: 30_000 },
    );
    let seen = '';
    for await (const chunk of attached.stdout) {
      seen += String(chunk);
      if (seen.includes('tick')) break;
    }
    attached.kill();
    await attached;
    expect(seen).toContain('tick');
  });

  test('port-forward reaches a port of the pod', async () => {
    await cluster.apply(
      aPod('served', {
        containers: [
          shell('mkdir /w; echo hello > /w/index.html; httpd -f -p 8080 -h /w', { ports: [{ containerPort: 8080 }] }),
        ],
      }),
    );
    await waitFor('served', 'condition=Ready');
    const forward = execa(
      `${root}/dist/bin/kubectl`,
      ['--kubeconfig', cluster.kubeconfig, '-n', ns, 'port-forward', 'pod/served', ':8080'],
      { stdin: 'ignore', reject: false, timeout: 60_000 },
    );
    try {
      // Read to the end: kubectl tells of each connection, and would die of a closed pipe.
      let text = '';
      forward.stdout.on('data', (chunk) => {
        text += String(chunk);
      });
      const port = await eventually('the local port', () => /127\.0\.0\.1:(\d+)/.exec(text)?.[1]);
      const body = await eventually('an answer through the forwarded port', async () =>
        (await fetch(`http://127.0.0.1:${port}/`)).text(),
      );
      expect(body).toBe('hello\n');
    } finally {
      forward.kill();
      await forward;
    }
  });
});

describe('starting and restarting', () => {
  test('init containers run one after another, before the others', async () => {
    await cluster.apply(
      aPod('init', {
        volumes: [{ name: 'v', emptyDir: {} }],
        initContainers: [
          { ...shell('echo a >> /v/order', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }), name: 'one' },
          { ...shell('echo b >> /v/order', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }), name: 'two' },
        ],
        containers: [shell('cat /v/order; sleep 9999', { volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
      }),
    );
    await waitFor('init', 'condition=Ready');
    expect(await kubectl('logs', 'init')).toBe('a\nb');
    expect((await getPod('init')).status.initContainerStatuses?.map(({ state }) => state.terminated?.reason)).toEqual([
      'Completed',
      'Completed',
    ]);
  });

  test('a sidecar starts before the others and stays', async () => {
    await cluster.apply(
      aPod('sidecar', {
        initContainers: [
          {
            ...shell('touch /tmp/up; sleep 9999', {
              startupProbe: { exec: { command: ['test', '-f', '/tmp/up'] }, periodSeconds: 1 },
            }),
            name: 'side',
            restartPolicy: 'Always',
          },
        ],
        containers: [shell('sleep 9999')],
      }),
    );
    await waitFor('sidecar', 'condition=Ready');
    expect(await kubectl('get', 'pod', 'sidecar', '--no-headers')).toMatch(/2\/2\s+Running/);
  });

  test('a container that fails is restarted and then backs off', async () => {
    await cluster.apply(aPod('crash', { containers: [shell('exit 3')] }));
    const pod = await eventually('CrashLoopBackOff', async () => {
      const found = await getPod('crash');
      return found.status.containerStatuses[0]?.state.waiting?.reason === 'CrashLoopBackOff' ? found : undefined;
    });
    const [status] = pod.status.containerStatuses;
    expect(status?.lastState.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(status?.state.waiting?.message).toMatch(/^back-off 10s restarting failed container=main pod=crash_/);
    await eventually('the BackOff event', async () =>
      (await kubectl(
        'get',
        'events',
        '--field-selector',
        'involvedObject.name=crash,reason=BackOff',
        '--no-headers',
      )) === ''
        ? undefined
        : true,
    );
  });

  test.each([
    ['Never', 0, 'Succeeded'],
    ['Never', 1, 'Failed'],
    ['OnFailure', 0, 'Succeeded'],
  ])('restartPolicy %s, exit code %i: %s', async (restartPolicy, code, phase) => {
    const name = `ends-${restartPolicy.toLowerCase()}-${code}`;
    await cluster.apply(aPod(name, { restartPolicy, containers: [shell(`exit ${code}`)] }));
    await waitFor(name, `jsonpath={.status.phase}=${phase}`);
    const [status] = (await getPod(name)).status.containerStatuses;
    expect(status?.state.terminated?.exitCode).toBe(code);
    expect(status?.restartCount).toBe(0);
  });

  test('the termination message is in the status', async () => {
    await cluster.apply(
      aPod('message', { restartPolicy: 'Never', containers: [shell('echo -n farewell > /dev/termination-log')] }),
    );
    await waitFor('message', 'jsonpath={.status.phase}=Succeeded');
    expect((await getPod('message')).status.containerStatuses[0]?.state.terminated?.message).toBe('farewell');
  });

  test('an image that cannot be had: ErrImagePull, then ImagePullBackOff', async () => {
    await cluster.apply(aPod('noimage', { containers: [{ name: 'main', image: 'localhost:1/none:1' }] }));
    await eventually(
      'ImagePullBackOff',
      async () =>
        (await getPod('noimage')).status.containerStatuses[0]?.state.waiting?.reason === 'ImagePullBackOff'
          ? true
          : undefined,
      90_000,
    );
  });

  test('activeDeadlineSeconds ends the pod', async () => {
    await cluster.apply(aPod('deadline', { activeDeadlineSeconds: 2, containers: [shell('sleep 9999')] }));
    await waitFor('deadline', 'jsonpath={.status.reason}=DeadlineExceeded');
  });
});

describe('probes', () => {
  test('a failing liveness probe restarts the container', async () => {
    await cluster.apply(
      aPod('alive', {
        containers: [
          shell('touch /tmp/ok; sleep 2; rm /tmp/ok; sleep 9999', {
            livenessProbe: { exec: { command: ['cat', '/tmp/ok'] }, periodSeconds: 1, failureThreshold: 1 },
          }),
        ],
      }),
    );
    await eventually(
      'a restart',
      async () => ((await getPod('alive')).status.containerStatuses[0]?.restartCount ?? 0) > 0 || undefined,
      90_000,
    );
    expect(await kubectl('get', 'events', '--field-selector', 'involvedObject.name=alive')).toMatch(
      /Liveness probe failed: cat: can't open '\/tmp\/ok'/,
    );
  });

  test('readiness decides who is behind a service', async () => {
    await cluster.apply(
      aPod('gate', {
        containers: [
          shell('sleep 9999', {
            readinessProbe: { exec: { command: ['test', '-f', '/tmp/ready'] }, periodSeconds: 1 },
          }),
        ],
      }),
    );
    await kubectl('expose', 'pod', 'gate', '--port=80');
    await waitFor('gate', 'jsonpath={.status.phase}=Running');
    const ready = async () =>
      await kubectl(
        'get',
        'endpointslices',
        '-l',
        'kubernetes.io/service-name=gate',
        '-o',
        'jsonpath={.items[*].endpoints[*].conditions.ready}',
      );
    await eventually('a not-ready endpoint', async () => ((await ready()) === 'false' ? true : undefined));
    await kubectl('exec', 'gate', '--', 'touch', '/tmp/ready');
    await eventually('a ready endpoint', async () => ((await ready()) === 'true' ? true : undefined));
  });
});

describe('configuration', () => {
  beforeAll(async () => {
    await kubectl('create', 'configmap', 'settings', '--from-literal=color=blue', '--from-literal=size=7');
    await kubectl('create', 'secret', 'generic', 'keys', '--from-literal=password=geheim');
  });

  test('environment from ConfigMap, Secret, the downward API and services', async () => {
    await cluster.apply(
      aPod('env', {
        restartPolicy: 'Never',
        containers: [
          shell('echo $color $PASSWORD $NODE $KUBERNETES_SERVICE_PORT $COMPOSED', {
            envFrom: [{ configMapRef: { name: 'settings' } }],
            env: [
              { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'keys', key: 'password' } } },
              { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
              { name: 'COMPOSED', value: '$(color)-$(size)' },
            ],
          }),
        ],
      }),
    );
    await waitFor('env', 'jsonpath={.status.phase}=Succeeded');
    expect(await kubectl('logs', 'env')).toBe(`blue geheim ${(await getPod('env')).spec.nodeName} 443 blue-7`);
  });

  test('a missing key is told, and the container starts once it is there', async () => {
    await cluster.apply(
      aPod('missing', {
        containers: [
          shell('sleep 9999', { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'later', key: 'x' } } }] }),
        ],
      }),
    );
    await eventually('CreateContainerConfigError', async () =>
      (await getPod('missing')).status.containerStatuses[0]?.state.waiting?.reason === 'CreateContainerConfigError'
        ? true
        : undefined,
    );
    await kubectl('create', 'configmap', 'later', '--from-literal=x=1');
    await waitFor('missing', 'condition=Ready', '90s');
  });

  test('a changed ConfigMap shows in its volume', async () => {
    await kubectl('create', 'configmap', 'file', '--from-literal=text=old');
    await cluster.apply(
      aPod('volume', {
        volumes: [{ name: 'c', configMap: { name: 'file' } }],
        containers: [shell('sleep 9999', { volumeMounts: [{ name: 'c', mountPath: '/c' }] })],
      }),
    );
    await waitFor('volume', 'condition=Ready');
    expect(await kubectl('exec', 'volume', '--', 'cat', '/c/text')).toBe('old');
    await kubectl('patch', 'configmap', 'file', '-p', '{"data":{"text":"new"}}');
    await eventually(
      'the new text',
      async () => ((await kubectl('exec', 'volume', '--', 'cat', '/c/text')) === 'new' ? true : undefined),
      120_000,
    );
  });

  test('the service account’s token opens the API server', async () => {
    const script =
      'wc -c < /var/run/secrets/kubernetes.io/serviceaccount/token; cat /var/run/secrets/kubernetes.io/serviceaccount/namespace; head -1 /var/run/secrets/kubernetes.io/serviceaccount/ca.crt';
    await cluster.apply(aPod('token', { restartPolicy: 'Never', containers: [shell(script)] }));
    await waitFor('token', 'jsonpath={.status.phase}=Succeeded');
    const log = await kubectl('logs', 'token');
    expect(log).toMatch(new RegExp(`^\\d{3,}\\n${ns}-----BEGIN CERTIFICATE-----$`));
  });

  test('a claim is served by the standard storage class', async () => {
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: ns },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
    });
    await cluster.apply(
      aPod('claim', {
        volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }],
        containers: [
          shell('echo kept > /d/file; cat /d/file; sleep 9999', { volumeMounts: [{ name: 'd', mountPath: '/d' }] }),
        ],
      }),
    );
    await waitFor('claim', 'condition=Ready', '120s');
    expect(await kubectl('logs', 'claim')).toBe('kept');
  });

  test('emptyDir in memory, subPath and hostAliases', async () => {
    await cluster.apply(
      aPod('mounts', {
        restartPolicy: 'Never',
        hostAliases: [{ ip: '10.1.2.3', hostnames: ['alias.test'] }],
        volumes: [{ name: 'm', emptyDir: { medium: 'Memory' } }],
        containers: [
          shell('stat -f -c %T /m; touch /sub/x; ls /m/inner; grep alias.test /etc/hosts', {
            volumeMounts: [
              { name: 'm', mountPath: '/m' },
              { name: 'm', mountPath: '/sub', subPath: 'inner' },
            ],
          }),
        ],
      }),
    );
    await waitFor('mounts', 'jsonpath={.status.phase}=Succeeded');
    expect(await kubectl('logs', 'mounts')).toMatch(/^tmpfs\nx\n10\.1\.2\.3\s+alias\.test$/);
  });
});

describe('ending', () => {
  test('a pod gets its grace period and its preStop hook', async () => {
    await cluster.apply(
      aPod('graceful', {
        terminationGracePeriodSeconds: 30,
        volumes: [{ name: 'h', hostPath: { path: `/var/tmp/${ns}`, type: 'DirectoryOrCreate' } }],
        containers: [
          shell('trap "echo term >> /h/order; exit 0" TERM; while true; do sleep 0.1; done', {
            volumeMounts: [{ name: 'h', mountPath: '/h' }],
            lifecycle: { preStop: { exec: { command: ['sh', '-c', 'echo prestop >> /h/order'] } } },
          }),
        ],
      }),
    );
    await waitFor('graceful', 'condition=Ready');
    const { nodeName } = (await getPod('graceful')).spec;
    const startedAt = Date.now();
    await kubectl('delete', 'pod', 'graceful', '--timeout=60s');
    expect(Date.now() - startedAt).toBeLessThan(20_000);
    expect(await cluster.onNode(nodeName, ['cat', `/var/tmp/${ns}/order`])).toBe('prestop\nterm');
    await cluster.onNode(nodeName, ['rm', '-r', `/var/tmp/${ns}`]);
  });

  test('nothing of a deleted pod is left on its node', async () => {
    await cluster.apply(
      aPod('gone', {
        volumes: [{ name: 'm', emptyDir: { medium: 'Memory' } }],
        containers: [shell('sleep 9999', { volumeMounts: [{ name: 'm', mountPath: '/m' }] })],
      }),
    );
    await waitFor('gone', 'condition=Ready');
    const { spec, metadata } = await getPod('gone');
    await kubectl('delete', 'pod', 'gone', '--timeout=60s');
    await eventually('an empty node', async () => {
      const left = await cluster.onNode(spec.nodeName, [
        'sh',
        '-c',
        `ls -d /var/lib/kubelet/pods/${metadata.uid} /sys/fs/cgroup/memory/kubelet/kubepods/*/pod${metadata.uid} 2>/dev/null; grep ${metadata.uid} /proc/mounts; crictl pods -q --name gone --namespace ${ns}; true`,
      ]);
      if (left !== '') throw new Error(left);
      return true;
    });
  });
});

describe('controllers', () => {
  test('a Job completes, a StatefulSet and a DaemonSet roll out', async () => {
    const template = (command: string, restartPolicy = 'Always') => ({
      metadata: { labels: { app: 'ctl' } },
      spec: { restartPolicy, terminationGracePeriodSeconds: 1, containers: [shell(command)] },
    });
    const meta = (name: string) => ({ name, namespace: ns });
    const selector = { matchLabels: { app: 'ctl' } };
    await cluster.apply({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: meta('job'),
      spec: { completions: 3, parallelism: 2, template: template('echo done', 'Never') },
    });
    await cluster.apply({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: meta('set'),
      spec: {
        replicas: 2,
        serviceName: 'set',
        selector: { matchLabels: { app: 'set' } },
        template: {
          metadata: { labels: { app: 'set' } },
          spec: { terminationGracePeriodSeconds: 1, containers: [shell('sleep 9999')] },
        },
      },
    });
    await cluster.apply({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: meta('daemon'),
      spec: { selector, template: template('sleep 9999') },
    });
    await kubectl('wait', '--for=condition=Complete', 'job/job', '--timeout=90s');
    await kubectl('rollout', 'status', 'statefulset/set', '--timeout=90s');
    await kubectl('rollout', 'status', 'daemonset/daemon', '--timeout=90s');
  });
});
