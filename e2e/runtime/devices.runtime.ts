import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultNodeImage } from '../../src/cluster/create/steps/ensure-image.ts';
import { dockerEngine } from '../../src/engine/docker/index.ts';
import { eventually } from '../harness/eventually.ts';

/** The kubelet, a real containerd, and a device plugin that is a process of its own. */

const engine = dockerEngine();
const node = `klab-devices-${process.pid}`;
const manifests = '/etc/kubernetes/manifests';
const resource = 'example.com/thing';

async function sh(script: string, input?: string): Promise<string> {
  const result = await engine.exec(node, ['sh', '-c', script], input === undefined ? {} : { input });
  if (result.exitCode !== 0)
    throw new Error(`${script} exited with ${result.exitCode}: ${result.stdout}${result.stderr}`);
  return result.stdout.trimEnd();
}
const write = (path: string, text: string) =>
  sh(`mkdir -p $(dirname ${path}) && cat > ${path}.tmp && mv ${path}.tmp ${path}`, text);

const plugin = `/usr/lib/klab/bin/node /run/device-plugin.cjs /var/lib/kubelet`;
const startPlugin = () => sh(`nohup ${plugin} serve ${resource} > /run/plugin.log 2>&1 & echo $! > /run/plugin.pid`);
const devicesHeld = async (pod: string): Promise<string[]> => {
  const { podResources } = JSON.parse(await sh(`${plugin} list`)) as {
    podResources: { name: string; containers: { devices: { resourceName: string; deviceIds: string[] }[] }[] }[];
  };
  const found = podResources.find(({ name }) => name === `${pod}-${node}`);
  return (found?.containers ?? []).flatMap(({ devices }) => devices.flatMap(({ deviceIds }) => deviceIds)).sort();
};

const writePod = (name: string, count: number) =>
  write(
    `${manifests}/${name}.yaml`,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        hostNetwork: true,
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'main',
            image: 'docker.io/library/busybox:1.37',
            command: ['sh', '-c', 'echo $TEST_DEVICES $(ls /dev/test-device) $(cat /from-plugin); sleep 9999'],
            resources: { limits: { [resource]: String(count) }, requests: { [resource]: String(count) } },
          },
        ],
      },
    }),
  );
const runningOf = async (pod: string): Promise<string | undefined> =>
  (await sh(`crictl ps -q --label io.kubernetes.pod.name=${pod}-${node}`)) || undefined;
const said = (pod: string) =>
  eventually(`a word of ${pod}`, async () => {
    const id = await runningOf(pod);
    return id === undefined ? undefined : (await sh(`crictl logs ${id}`)) || undefined;
  });
const logged = (text: string) =>
  eventually(`"${text}" in the kubelet's log`, async () => {
    const lines = await sh(`journalctl -u kubelet --no-pager | grep -F '${text}' || true`);
    return lines || undefined;
  });

beforeAll(async () => {
  await engine.runContainer({ name: node, image: defaultNodeImage, hostname: node, kind: 'machine' });
  await eventually('containerd', () => sh('crictl version'));
  await write(
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
      logging: { verbosity: 4 },
      authentication: { webhook: { enabled: false }, anonymous: { enabled: true } },
      authorization: { mode: 'AlwaysAllow' },
    }),
  );
  await sh("echo 'KUBELET_EXTRA_ARGS=--kubeconfig= --bootstrap-kubeconfig=' > /etc/default/kubelet");
  await sh('systemctl restart kubelet');
  await eventually('the registration socket', () => sh('test -S /var/lib/kubelet/device-plugins/kubelet.sock'));
  const folder = mkdtempSync(join(tmpdir(), 'klab-plugin-'));
  try {
    const outfile = join(folder, 'plugin.cjs');
    const entry = fileURLToPath(new URL('../fixtures/device-plugin.ts', import.meta.url));
    await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'cjs', target: 'node24' });
    await write('/run/device-plugin.cjs', readFileSync(outfile, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
  await startPlugin();
  await logged('State pushed for device plugin');
});
afterAll(() => engine.removeContainer(node));

test('a container gets the devices that the plugin prefers, with what comes with them', async () => {
  await writePod('holder', 2);
  expect(await said('holder')).toBe(`three,two /dev/test-device ${node}`);
  expect(await devicesHeld('holder')).toEqual(['three', 'two']);
  expect(await sh('cat /run/devices-started')).toBe('three,two');
  const id = await runningOf('holder');
  expect(await sh(`crictl inspect ${id} | grep -F example.com/devices`)).toMatch(/three|two/);
});

test('a pod that asks for more than is left is refused; it may have what is given back', async () => {
  await writePod('holder', 2);
  await said('holder');
  await writePod('greedy', 2);
  await logged('"Pod admission denied" pod="default/greedy-');
  expect(await runningOf('greedy')).toBeUndefined();
  await sh(`rm ${manifests}/greedy.yaml ${manifests}/holder.yaml`);
  await eventually('free devices', async () => ((await devicesHeld('holder')).length === 0 ? true : undefined));
  await writePod('next', 3);
  expect(await said('next')).toContain('one,three,two');
  await sh(`rm ${manifests}/next.yaml`);
  await eventually('free devices', async () => ((await devicesHeld('next')).length === 0 ? true : undefined));
});

test('what pods hold outlives the kubelet, and the plugin registers anew', async () => {
  await writePod('kept', 1);
  await said('kept');
  const id = await runningOf('kept');
  const held = await devicesHeld('kept');
  const before = Number(await sh("journalctl -u kubelet --no-pager | grep -cF 'Got registration request'"));
  await sh('systemctl restart kubelet');
  await eventually('a new registration', async () => {
    const now = Number(await sh("journalctl -u kubelet --no-pager | grep -cF 'Got registration request'"));
    return now > before ? true : undefined;
  });
  await eventually('the same devices', async () =>
    (await devicesHeld('kept')).join() === held.join() ? true : undefined,
  );
  expect(await runningOf('kept')).toBe(id);
  await sh(`rm ${manifests}/kept.yaml`);
  await eventually('free devices', async () => ((await devicesHeld('kept')).length === 0 ? true : undefined));
});

test('a device that falls ill is given to nobody', async () => {
  await sh('echo one two > /run/sick-devices');
  await logged('resourceCapacity=3 healthy=1');
  await writePod('well', 1);
  expect(await said('well')).toContain('three ');
  await writePod('unlucky', 1);
  await logged('"Pod admission denied" pod="default/unlucky-');
  await sh(`rm ${manifests}/well.yaml ${manifests}/unlucky.yaml /run/sick-devices`);
});
