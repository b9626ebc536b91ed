import { expect, test } from 'vitest';
import { fakeApi } from '../../../api/fake.ts';
import { fakeEngine } from '../../../engine/fake.ts';
import { startProbe } from './prove.ts';

const daemonSet = '/apis/apps/v1/namespaces/kube-system/daemonsets/klab-cni-probe';
const nodes = ['lab', 'lab-worker'];

/** Two nodes; `deaf` is the address that nobody reaches. */
async function aLab(deaf = '') {
  const api = fakeApi();
  const asked: unknown[] = [];
  const engine = fakeEngine({
    command: (_node, argv) => {
      if (argv[0] === 'crictl') return '{"images":[{"repoTags":["registry.k8s.io/pause:3.10.2"]}]}';
      const request = argv[3];
      if (request === undefined) return undefined;
      const { targets }: { targets: string[] } = JSON.parse(request);
      asked.push(JSON.parse(request));
      return JSON.stringify(
        targets.filter((target) => target === deaf).map((target) => ({ target, why: 'no answer' })),
      );
    },
  });
  for (const name of nodes) await engine.runContainer({ name, image: 'x', kind: 'machine' });
  const { signal } = new AbortController();
  const probe = await startProbe({ api, engine, nodes, clusterDns: '10.96.0.10', signal });
  const run = (index: number) =>
    api.put(`/api/v1/namespaces/kube-system/pods/klab-cni-probe-${index}`, {
      kind: 'Pod',
      metadata: { name: `klab-cni-probe-${index}` },
      ...{ spec: { nodeName: nodes[index] }, status: { phase: 'Running', podIP: `10.244.${index}.2` } },
    });
  return { api, asked, probe, run };
}

test('every node has a pod, each reaches all others and cluster DNS; then they go', async () => {
  const { api, asked, probe, run } = await aLab();
  expect(api.at(daemonSet)).toMatchObject({
    spec: { template: { spec: { containers: [{ image: 'registry.k8s.io/pause:3.10.2' }] } } },
  });
  run(0);
  expect(await probe.look()).toBe('the probe pod on lab-worker has no address yet');
  run(1);
  expect(await probe.look()).toBe(true);
  expect(asked).toEqual([
    { targets: ['10.244.1.2'], dns: '10.96.0.10' },
    { targets: ['10.244.0.2'], dns: '10.96.0.10' },
  ]);
  await probe.end();
  expect(api.at(daemonSet)).toBeUndefined();
});

test('what does not flow is told by nodes', async () => {
  const { probe, run } = await aLab('10.244.1.2');
  run(0);
  run(1);
  expect(await probe.look()).toBe('pods on lab do not reach pods on lab-worker at 10.244.1.2 (no answer)');
});
