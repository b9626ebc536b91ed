import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { loneNode, manifests } from '../harness/lone-node.ts';

/** The kubelet with its static policies, on a real containerd: which CPUs the kernel lets containers run on. */

const machine = loneNode('topology');
const { sh, write, runningOf } = machine;
const state = '/var/lib/kubelet/cpu_manager_state';

const settings = (cpuManagerPolicy: 'none' | 'static') => ({
  logging: { verbosity: 5 },
  cpuManagerPolicy,
  cpuManagerReconcilePeriod: '1s',
  reservedSystemCPUs: '0',
  memoryManagerPolicy: 'Static',
  kubeReserved: { memory: '156Mi' },
  evictionHard: { 'memory.available': '100Mi' },
  reservedMemory: [{ numaNode: 0, limits: { memory: '256Mi' } }],
  topologyManagerPolicy: 'single-numa-node',
});

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
  await machine.start(settings('static'));
  await sh(`rm -f ${state} && systemctl restart kubelet`);
  await eventually('the state file', () => sh(`test -s ${state}`));
});
afterAll(machine.remove);

const whole = { limits: { cpu: '1', memory: '64Mi' } };

test('a guaranteed container has its CPU alone, over a restart of the kubelet too; then it is everybody’s again', async () => {
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

  const id = await runningOf('alone');
  await machine.restartKubelet();
  expect(await entries()).toEqual(['1']);
  expect(await runningOf('alone')).toBe(id);
  await runsOn('alone', '1');
  await sh(`rm ${manifests}/alone.yaml`);
  await runsOn('sharing', `0-${Number(await sh('nproc')) - 1}`);
  expect(await entries()).toEqual([]);
  await sh(`rm ${manifests}/sharing.yaml`);
});

test('a kubelet with another policy does not start over what was given under this one', async () => {
  await machine.configure(settings('none'));
  await sh('systemctl restart kubelet || true');
  await eventually('the reason', () =>
    sh(
      `journalctl -u kubelet --no-pager | grep -F 'configured policy "none" differs from state checkpoint policy "static"'`,
    ),
  );
  await machine.configure(settings('static'));
  await machine.restartKubelet();
});
