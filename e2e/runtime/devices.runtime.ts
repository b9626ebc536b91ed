import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleFixture } from '../harness/bundle-fixture.ts';
import { eventually } from '../harness/eventually.ts';
import { loneNode, manifests } from '../harness/lone-node.ts';

/** The kubelet, a real containerd, and a device plugin that is a process of its own. */

const machine = loneNode('devices');
const { name: node, sh, write, runningOf } = machine;
const resource = 'example.com/thing';

const plugin = `/usr/lib/klab/bin/node /run/device-plugin.cjs /var/lib/kubelet`;
const startPlugin = (how = 'serve', what = resource) =>
  sh(`nohup ${plugin} ${how} ${what} > /run/plugin-${how}.log 2>&1 & echo $!`);
const devicesHeld = async (pod: string): Promise<string[]> => {
  const { podResources } = JSON.parse(await sh(`${plugin} list`)) as {
    podResources: { name: string; containers: { devices: { resourceName: string; deviceIds: string[] }[] }[] }[];
  };
  const found = podResources.find(({ name }) => name === `${pod}-${node}`);
  return (found?.containers ?? []).flatMap(({ devices }) => devices.flatMap(({ deviceIds }) => deviceIds)).sort();
};

/** What the pod's status says of its devices. */
async function healthOf(pod: string) {
  interface Status {
    readonly allocatedResourcesStatus?: readonly {
      readonly resources: readonly { readonly resourceID: string; readonly health: string }[];
    }[];
  }
  const { items } = JSON.parse(await sh('curl -sf http://127.0.0.1:10255/pods')) as {
    items: { metadata: { name: string }; status: { containerStatuses?: Status[] } }[];
  };
  const { status } = items.find(({ metadata }) => metadata.name === `${pod}-${node}`) ?? {};
  return status?.containerStatuses?.[0]?.allocatedResourcesStatus?.[0]?.resources;
}

const writePod = (name: string, count: number, what = resource) =>
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
            resources: { limits: { [what]: String(count) }, requests: { [what]: String(count) } },
          },
        ],
      },
    }),
  );
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
  await machine.start({ logging: { verbosity: 4 }, readOnlyPort: 10255 });
  await machine.restartKubelet();
  await eventually('the registration socket', () => sh('test -S /var/lib/kubelet/device-plugins/kubelet.sock'));
  await write('/run/device-plugin.cjs', await bundleFixture('device-plugin'));
  await startPlugin();
  await logged('State pushed for device plugin');
});
afterAll(machine.remove);

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
  expect(await healthOf('well')).toEqual([{ resourceID: 'three', health: 'Healthy' }]);
  await writePod('unlucky', 1);
  await logged('"Pod admission denied" pod="default/unlucky-');
  await sh('echo one two three > /run/sick-devices');
  await eventually('the word of it in the status', async () =>
    (await healthOf('well'))?.[0]?.health === 'Unhealthy' ? true : undefined,
  );
  await sh(`rm ${manifests}/well.yaml ${manifests}/unlucky.yaml /run/sick-devices`);
});

test('a plugin is found by its socket in the registry, and missed when it goes', async () => {
  const pid = await startPlugin('wait', 'example.com/found');
  await logged('resource="example.com/found" resourceCapacity=3 healthy=3');
  await writePod('finder', 2, 'example.com/found');
  expect(await said('finder')).toContain('three,two ');
  await sh(`kill ${pid}; rm /var/lib/kubelet/plugins_registry/example.com/things.sock`);
  await logged('"Plugin is gone" socket="/var/lib/kubelet/plugins_registry/example.com/things.sock"');
  await eventually('its devices unhealthy', async () =>
    (await healthOf('finder'))?.every(({ health }) => health === 'Unhealthy') ? true : undefined,
  );
  await sh(`rm ${manifests}/finder.yaml`);
});
