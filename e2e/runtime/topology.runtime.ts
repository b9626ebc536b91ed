import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultNodeImage } from '../../src/cluster/create/steps/ensure-image.ts';
import { dockerEngine } from '../../src/engine/docker/index.ts';
import { eventually } from '../harness/eventually.ts';

/** The kubelet with its static policies, on a real containerd: which CPUs the kernel lets containers run on. */

const engine = dockerEngine();
const node = `klab-topology-${process.pid}`;
const manifests = '/etc/kubernetes/manifests';
const state = '/var/lib/kubelet/cpu_manager_state';

async function sh(script: string, input?: string): Promise<string> {
  const result = await engine.exec(node, ['sh', '-c', script], input === undefined ? {} : { input });
  if (result.exitCode !== 0)
    throw new Error(`${script} exited with ${result.exitCode}: ${result.stdout}${result.stderr}`);
  return result.stdout.trimEnd();
}
const write = (path: string, text: string) =>
  sh(`mkdir -p $(dirname ${path}) && cat > ${path}.tmp && mv ${path}.tmp ${path}`, text);

const configure = (cpuManagerPolicy: 'none' | 'static') =>
  write(
    '/var/lib/kubelet/config.yaml',
    JSON.stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      staticPodPath: manifests,
      fileCheckFrequency: '1s',
      cgroupDriver: 'cgroupfs',
      cgroupRoot: '/kubelet',
      failSwapOn: false,
      failCgroupV1: false,
      logging: { verbosity: 5 },
      authentication: { webhook: { enabled: false }, anonymous: { enabled: true } },
      authorization: { mode: 'AlwaysAllow' },
      cpuManagerPolicy,
      cpuManagerReconcilePeriod: '1s',
      reservedSystemCPUs: '0',
      memoryManagerPolicy: 'Static',
      kubeReserved: { memory: '156Mi' },
      evictionHard: { 'memory.available': '100Mi' },
      reservedMemory: [{ numaNode: 0, limits: { memory: '256Mi' } }],
      topologyManagerPolicy: 'single-numa-node',
    }),
  );

const writePod = (name: string, resources: object) =>
  write(
    `${manifests}/${name}.yaml`,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        hostNetwork: true,
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'main', image: 'docker.io/library/busybox:1.37', command: ['sleep', '9999'], resources }],
      },
    }),
  );
const runningOf = async (pod: string): Promise<string | undefined> =>
  (await sh(`crictl ps -q --label io.kubernetes.pod.name=${pod}-${node}`)) || undefined;
/** What the kernel says of the container's main process. */
async function allowed(pod: string, what: 'Cpus' | 'Mems'): Promise<string | undefined> {
  const id = await runningOf(pod);
  if (id === undefined) return undefined;
  return (await sh(`crictl exec ${id} grep ${what}_allowed_list /proc/1/status || true`)).split(/\s+/)[1];
}
const runsOn = (pod: string, cpus: string) =>
  eventually(`${pod} on CPUs ${cpus}`, async () => ((await allowed(pod, 'Cpus')) === cpus ? true : undefined));
const entries = async (): Promise<string[]> => {
  const { data } = JSON.parse(await sh(`cat ${state}`)) as { data: string };
  const held = (JSON.parse(data) as { entries?: Record<string, Record<string, string>> }).entries ?? {};
  return Object.values(held).flatMap((containers) => Object.values(containers));
};

beforeAll(async () => {
  const image = process.env.KLAB_E2E_IMAGE ?? defaultNodeImage;
  await engine.runContainer({ name: node, image, hostname: node, kind: 'machine' });
  await eventually('containerd', () => sh('crictl version'));
  await configure('static');
  await sh("echo 'KUBELET_EXTRA_ARGS=--kubeconfig= --bootstrap-kubeconfig=' > /etc/default/kubelet");
  await sh(`rm -f ${state} && systemctl restart kubelet`);
  await eventually('the state file', () => sh(`test -s ${state}`));
});
afterAll(() => engine.removeContainer(node));

const whole = { limits: { cpu: '1', memory: '64Mi' } };

test('a guaranteed container has its CPU alone; those that ran there make room', async () => {
  const all = `0-${Number(await sh('nproc')) - 1}`;
  // It asks for nothing: what is not reserved is all the other pod's.
  await writePod('sharing', {});
  await runsOn('sharing', all);
  await writePod('alone', whole);
  await runsOn('alone', '1');
  expect(await allowed('alone', 'Mems')).toBe('0');
  expect(await entries()).toEqual(['1']);
  await eventually('room', async () => ((await allowed('sharing', 'Cpus')) === all ? undefined : true));
  expect((await allowed('sharing', 'Cpus'))?.split(',')).not.toContain('1');
});

test('a restarted kubelet goes on with what it gave; a CPU that is free is everybody’s again', async () => {
  const id = await runningOf('alone');
  await sh('systemctl restart kubelet');
  await eventually('the kubelet', () => sh('curl -sf http://127.0.0.1:10248/healthz'));
  expect(await entries()).toEqual(['1']);
  expect(await runningOf('alone')).toBe(id);
  await runsOn('alone', '1');
  await sh(`rm ${manifests}/alone.yaml`);
  await runsOn('sharing', `0-${Number(await sh('nproc')) - 1}`);
  expect(await entries()).toEqual([]);
});

test('a kubelet with another policy does not start over what was given under this one', async () => {
  await configure('none');
  await sh('systemctl restart kubelet || true');
  await eventually('the reason', () =>
    sh(
      `journalctl -u kubelet --no-pager | grep -F 'configured policy "none" differs from state checkpoint policy "static"'`,
    ),
  );
});
