import { describe, expect, test } from 'vitest';
import type { Node, Pod } from '../../../api/types.ts';
import { describeFailures } from './prove.ts';
import { missingNetwork, type Workload } from './readiness.ts';

const node = (name: string, ready: boolean): Node => ({
  metadata: { name },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', message: 'cni plugin not initialized' }] },
});

const pod = (name: string, app: string, onNode: string, status: Pod['status']): Pod => ({
  metadata: { name, namespace: 'kube-system', labels: { 'k8s-app': app } },
  spec: { nodeName: onNode, containers: [] },
  ...(status === undefined ? {} : { status }),
});

const ready: Pod['status'] = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const waiting = (reason: string, message: string): Pod['status'] => ({
  phase: 'Pending',
  initContainerStatuses: [
    {
      name: 'install-cni',
      image: 'quay.io/calico/cni:v1',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { waiting: { reason, message } },
    },
  ],
});

const daemon: Workload = {
  kind: 'DaemonSet',
  namespace: 'kube-system',
  name: 'calico-node',
  labels: { 'k8s-app': 'calico-node' },
};
const controllers: Workload = {
  ...daemon,
  kind: 'Deployment',
  name: 'controllers',
  labels: { 'k8s-app': 'controllers' },
};

describe('missingNetwork', () => {
  const nodes = [node('a', true)];
  const onA = (status: Pod['status']) => pod('calico-node-x', 'calico-node', 'a', status);
  const controller = pod('controllers-x', 'controllers', 'a', ready);
  test.each<[string, Node[], Pod[], unknown]>([
    ['nothing', nodes, [onA(ready), controller], undefined],
    ['a pod', nodes, [controller], { text: 'calico-node has no pod on a yet', node: 'a' }],
    [
      'an image, which waiting does not bring',
      nodes,
      [onA(waiting('ImagePullBackOff', 'no such host')), controller],
      { text: 'no such host', node: 'a', image: 'quay.io/calico/cni:v1' },
    ],
    [
      'a container that does not start',
      nodes,
      [onA(waiting('CrashLoopBackOff', 'back-off 10s')), controller],
      { text: 'calico-node on a does not run yet (CrashLoopBackOff: back-off 10s)', node: 'a' },
    ],
    [
      'readiness',
      nodes,
      [onA({ phase: 'Running' }), controller],
      { text: 'calico-node on a runs but is not ready', node: 'a' },
    ],
    [
      'a node',
      [node('a', false)],
      [onA(ready), controller],
      { text: 'node a is not Ready: cni plugin not initialized', node: 'a' },
    ],
    ['the controllers', nodes, [onA(ready)], { text: 'controllers has no pod yet' }],
    [
      'cluster DNS',
      nodes,
      [onA(ready), controller, pod('coredns-x', 'kube-dns', 'a', { phase: 'Pending' })],
      { text: 'coredns does not run yet (Pending)', node: 'a' },
    ],
  ])('%s', (_name, allNodes, pods, missing) => {
    expect(missingNetwork([daemon, controllers], allNodes, pods)).toEqual(missing);
  });
});

describe('describeFailures', () => {
  const nodeOf = (address: string) => (address === '10.244.1.5' ? 'b' : address);
  test.each([
    ['all flows', { exitCode: 0, stdout: '[]', stderr: '' }, []],
    [
      'two that do not answer',
      {
        exitCode: 0,
        stdout: '[{"target":"10.244.1.5","why":"ECONNREFUSED"},{"target":"dns","why":"ETIMEOUT"}]',
        stderr: '',
      },
      [
        'pods on a do not reach pods on b at 10.244.1.5 (ECONNREFUSED)',
        'cluster DNS does not answer pods on a (ETIMEOUT)',
      ],
    ],
    ['no pod yet', { exitCode: 3, stdout: '', stderr: '' }, ['the probe pod on a does not run yet']],
    ['no crictl', { exitCode: 1, stdout: '', stderr: 'x\nENOENT\n' }, ['the probe on a failed: ENOENT']],
  ])('%s', (_name, result, sentences) => {
    expect(describeFailures('a', result, nodeOf)).toEqual(sentences);
  });
});
