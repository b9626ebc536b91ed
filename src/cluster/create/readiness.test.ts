import { expect, test } from 'vitest';
import type { Node, Pod } from '../../api/types.ts';
import { aCluster } from '../../bootstrap/testing.ts';
import type { Cni } from '../../config/model.ts';
import { missingForReady } from './readiness.ts';

const aNodeObject = (name: string, ready = true): Node => ({
  metadata: { name },
  status: {
    conditions: [
      { type: 'Ready', status: ready ? 'True' : 'False', message: ready ? 'ready' : 'cni plugin not initialized' },
    ],
  },
});

interface PodChanges {
  readonly phase?: string;
  readonly ready?: boolean;
  readonly app?: string;
  readonly node?: string;
  readonly waiting?: { readonly reason: string; readonly message: string };
}
const aPod = (
  name: string,
  { phase = 'Running', ready = true, app = '', node = '', waiting }: PodChanges = {},
): Pod => ({
  metadata: { name, labels: { 'k8s-app': app } },
  spec: { nodeName: node, containers: [] },
  status: {
    phase,
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    ...(waiting === undefined
      ? {}
      : {
          containerStatuses: [{ name: 'c', image: '', imageID: '', ready: false, restartCount: 0, state: { waiting } }],
        }),
  },
});

const nodes = [aNodeObject('lab-control-plane'), aNodeObject('lab-worker')];
const controlPlanePods = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((component) =>
  // Their probes begin after ten seconds: nothing waits for those.
  aPod(`${component}-lab-control-plane`, { ready: false }),
);
const proxies = ['lab-control-plane', 'lab-worker'].map((node) =>
  aPod(`kube-proxy-${node}`, { app: 'kube-proxy', node }),
);
const dns = aPod('coredns-a', { app: 'kube-dns', node: 'lab-worker' });
const allPods = [...controlPlanePods, ...proxies, dns];

const cluster = (cni: Cni['kind'] = 'default', kubeProxyMode: 'iptables' | 'none' = 'iptables') =>
  aCluster({ networking: { ...aCluster().networking, cni: { kind: cni } as Cni, kubeProxyMode } });
const without = (name: string) => allPods.filter((pod) => pod.metadata?.name !== name);

test.each<[string, ReturnType<typeof cluster>, readonly Node[], readonly Pod[], string | undefined]>([
  ['everything there', cluster(), nodes, allPods, undefined],
  ['a node that has not come', cluster(), nodes.slice(0, 1), allPods, 'node lab-worker has not registered'],
  [
    'a node that is not Ready',
    cluster(),
    [aNodeObject('lab-control-plane'), aNodeObject('lab-worker', false)],
    allPods,
    'node lab-worker is not Ready: cni plugin not initialized',
  ],
  ['no DNS yet', cluster(), nodes, without('coredns-a'), 'pod coredns does not exist yet'],
  [
    'DNS not ready',
    cluster(),
    nodes,
    [...without('coredns-a'), aPod('coredns-a', { app: 'kube-dns', ready: false })],
    'pod coredns runs but is not ready',
  ],
  [
    'a kube-proxy whose image is not there',
    cluster(),
    nodes,
    [
      ...without('kube-proxy-lab-worker'),
      aPod('kube-proxy-x', {
        app: 'kube-proxy',
        node: 'lab-worker',
        phase: 'Pending',
        waiting: { reason: 'ErrImagePull', message: 'not found' },
      }),
    ],
    'pod kube-proxy on lab-worker does not run yet (ErrImagePull: not found)',
  ],
  ['no kube-proxy wanted', cluster('default', 'none'), nodes, [...controlPlanePods, dns], undefined],
  [
    'without a network: nodes that cannot be Ready are no reason to wait',
    cluster('none'),
    [aNodeObject('lab-control-plane', false), aNodeObject('lab-worker', false)],
    [...controlPlanePods, ...proxies],
    undefined,
  ],
  [
    'without a network: a scheduler that does not run is',
    cluster('none'),
    nodes,
    [...without('kube-scheduler-lab-control-plane'), aPod('kube-scheduler-lab-control-plane', { phase: 'Pending' })],
    'pod kube-scheduler-lab-control-plane does not run yet (Pending)',
  ],
])('%s', (_name, config, seenNodes, seenPods, expected) => {
  expect(missingForReady(config, seenNodes, seenPods)?.text).toBe(expected);
});
