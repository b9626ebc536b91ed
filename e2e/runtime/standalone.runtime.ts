import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { loneNode, manifests } from '../harness/lone-node.ts';

/** The kubelet with a real containerd and no API server: files in a folder are its only source of pods. */

const machine = loneNode('runtime');
const { name: node, sh } = machine;

interface Container {
  id: string;
  state: string;
  createdAt: string;
  metadata: { name: string; attempt: number };
}
const containersOf = async (pod: string): Promise<Container[]> =>
  JSON.parse(await sh(`crictl ps -a -o json --label io.kubernetes.pod.name=${pod}-${node}`)).containers;
const runningOf = async (pod: string) => (await containersOf(pod)).find(({ state }) => state === 'CONTAINER_RUNNING');
const running = (pod: string) => eventually(`a running container of ${pod}`, () => runningOf(pod));

const writePod = (name: string, script: string, spec: object = {}) =>
  machine.write(
    `${manifests}/${name}.yaml`,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        hostNetwork: true,
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'main', image: 'docker.io/library/busybox:1.37', command: ['sh', '-c', script] }],
        ...spec,
      },
    }),
  );
const said = async (pod: string) => {
  const container = await runningOf(pod);
  return container === undefined ? undefined : await sh(`crictl logs ${container.id}`);
};

beforeAll(async () => {
  await machine.start();
  await machine.restartKubelet();
});
afterAll(machine.remove);

describe('without an API server', () => {
  test('a pod is a file: added, edited and removed', async () => {
    await writePod('filed', 'echo first; sleep 9999');
    const { id } = await running('filed');
    await eventually('its word', async () => ((await said('filed')) === 'first' ? true : undefined));

    await writePod('filed', 'echo second; sleep 9999');
    await eventually('the new word', async () => ((await said('filed')) === 'second' ? true : undefined));
    expect((await running('filed')).id).not.toBe(id);

    await sh(`rm ${manifests}/filed.yaml`);
    await eventually('no container', async () => ((await runningOf('filed')) === undefined ? true : undefined));
  });

  test('a restart of the kubelet leaves a pod as it is', async () => {
    await writePod('kept', 'sleep 9999');
    const before = await running('kept');
    const sandboxes = await sh(`crictl pods -q --name kept-${node}`);
    await machine.restartKubelet();
    await writePod('after', 'sleep 9999');
    await running('after');
    expect(await containersOf('kept')).toEqual([before]);
    expect(await sh(`crictl pods -q --name kept-${node}`)).toBe(sandboxes);
  });

  test('what was removed while the kubelet was away ends when it is back', async () => {
    await writePod('orphan', 'sleep 9999');
    await running('orphan');
    await sh(`systemctl stop kubelet && rm ${manifests}/orphan.yaml && systemctl start kubelet`);
    await eventually('no container', async () => ((await runningOf('orphan')) === undefined ? true : undefined));
  });

  test('a container that ends is started again', async () => {
    await writePod('again', 'sleep 0.1');
    await eventually('a second attempt', async () =>
      (await containersOf('again')).some(({ metadata }) => metadata.attempt > 0) ? true : undefined,
    );
    await sh(`rm ${manifests}/again.yaml`);
  });
});
