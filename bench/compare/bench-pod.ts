/** On every node, and does nothing but reap: what is timed is the kubelet and the runtime. */
export const benchImage = 'registry.k8s.io/pause:3.10.2';

export interface BenchPod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  /** Absent: the image's own. */
  readonly command?: readonly string[];
  readonly image?: string;
}

/** A pod as small as most: one container, with the account's token; put on its node without the scheduler. */
export const renderBenchPod = ({ namespace, name, node, command, image = benchImage }: BenchPod) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name },
  spec: {
    nodeName: node,
    restartPolicy: command === undefined ? 'Always' : 'Never',
    terminationGracePeriodSeconds: 1,
    tolerations: [{ operator: 'Exists' }],
    containers: [{ name: 'main', image, imagePullPolicy: 'IfNotPresent', ...(command && { command }) }],
  },
});
