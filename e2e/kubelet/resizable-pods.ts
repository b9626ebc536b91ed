import type { Cluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

export const busybox = 'docker.io/library/busybox:1.37';

export interface Resources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}
export interface PodJson {
  readonly metadata: { readonly generation: number; readonly uid: string };
  readonly spec: { readonly containers: readonly { readonly resources: Resources }[] };
  readonly status: {
    readonly phase: string;
    readonly reason?: string;
    readonly message?: string;
    readonly observedGeneration: number;
    readonly qosClass: string;
    readonly resources?: Resources;
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
      readonly observedGeneration?: number;
    }[];
    readonly containerStatuses: readonly {
      readonly containerID: string;
      readonly ready: boolean;
      readonly restartCount: number;
      readonly resources: Resources;
      readonly allocatedResources: Readonly<Record<string, string>>;
    }[];
  };
}

export interface PodOptions {
  readonly policy?: 'NotRequired' | 'RestartContainer';
  readonly pod?: Resources;
  readonly script?: string;
  /** Merged into the container, and into the pod's spec. */
  readonly container?: object;
  readonly spec?: object;
}

export const both = (cpu: string, memory: string): Resources => ({
  requests: { cpu, memory },
  limits: { cpu, memory },
});

export const conditionOf = (pod: PodJson, type: string) => pod.status.conditions.find((c) => c.type === type);

/** Pods of one container, `main`, in a namespace and on a node: made, resized, looked at. */
export function resizablePods(cluster: Cluster, ns: string, node: string) {
  const kubectl = (...args: string[]) => cluster.kubectl(['-n', ns, ...args]);
  const get = (name: string) => cluster.json<PodJson>(['-n', ns, 'get', 'pod', name]);

  async function create(name: string, resources: Resources | undefined, options: PodOptions = {}): Promise<void> {
    const { policy = 'NotRequired', pod, script = 'sleep 9999', container = {}, spec = {} } = options;
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: ns },
      spec: {
        nodeName: node,
        terminationGracePeriodSeconds: 0,
        ...spec,
        ...(pod === undefined ? {} : { resources: pod }),
        containers: [
          {
            name: 'main',
            image: busybox,
            command: ['sh', '-c', script],
            ...(resources === undefined ? {} : { resources }),
            ...(policy === 'NotRequired' ? {} : { resizePolicy: [{ resourceName: 'memory', restartPolicy: policy }] }),
            ...container,
          },
        ],
      },
    });
  }

  const resize = (name: string, spec: object) =>
    kubectl('patch', 'pod', name, '--subresource', 'resize', '--patch', JSON.stringify({ spec }));

  return {
    kubectl,
    get,
    create,
    /** The pod once it is Ready. */
    ready: (name: string): Promise<PodJson> =>
      eventually(`pod ${name} Ready`, async () => {
        const pod = await get(name);
        const { phase, reason, message } = pod.status;
        if (phase === 'Failed') throw new Error(`pod ${name} ended: ${reason}: ${message}`);
        return conditionOf(pod, 'Ready')?.status === 'True' ? pod : undefined;
      }),
    /** Resolves once no pod of the namespace is left. */
    deleteAll: () => kubectl('delete', 'pods', '--all', '--force', '--grace-period=0'),
    resize,
    resizeContainer: (name: string, resources: Resources) =>
      resize(name, { containers: [{ name: 'main', resources }] }),
    /** The pod once nothing of its resize is left to do. */
    settled: (name: string): Promise<PodJson> =>
      eventually(`resize of ${name}`, async () => {
        const pod = await get(name);
        const busy = pod.status.conditions.some(({ type }) => type.startsWith('PodResize'));
        const seen = pod.status.observedGeneration === pod.metadata.generation;
        return !busy && seen && pod.status.containerStatuses[0]?.ready ? pod : undefined;
      }),
    /** What the kernel holds the container to: bytes, and microseconds of each 100 ms. */
    async enforced(name: string): Promise<{ readonly memory: number; readonly quota: number }> {
      const script =
        'cd /sys/fs/cgroup; if [ -e memory.max ]; then cat memory.max cpu.max | tr "\\n" " ";' +
        ' else cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us | tr "\\n" " "; fi';
      const [memory, quota] = (await kubectl('exec', name, '-c', 'main', '--', 'sh', '-c', script)).split(' ');
      return { memory: Number(memory), quota: Number(quota) };
    },
    /** Reasons of the pod's Events. */
    async eventsOf(name: string): Promise<readonly string[]> {
      const { items } = await cluster.json<{ items: { reason: string }[] }>([
        ...['-n', ns, 'get', 'events', '--field-selector', `involvedObject.name=${name}`],
      ]);
      return items.map(({ reason }) => reason);
    },
    /** Resolves when the node's kubelet answers, after a restart say. */
    healthy: () =>
      eventually('a healthy kubelet', () => cluster.onNode(node, ['curl', '-sf', 'http://127.0.0.1:10248/healthz'])),
  };
}
