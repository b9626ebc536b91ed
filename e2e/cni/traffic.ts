import { expect } from 'vitest';
import type { Cluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

const image = 'docker.io/library/busybox:1.37';

export interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
    readonly spec: { readonly nodeName?: string };
    readonly status: { readonly phase: string; readonly podIP?: string };
  }[];
}
/** A pod on each node that says who it is: all reach one another, a service and a host port. */
export async function expectAllPairs(cluster: Cluster, nodes: readonly string[]): Promise<void> {
  const ns = await cluster.namespace('pairs');
  const labels = { app: 'who' };
  try {
    await cluster.apply({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'who', namespace: ns.name },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            tolerations: [{ operator: 'Exists' }],
            terminationGracePeriodSeconds: 0,
            containers: [
              {
                name: 'who',
                image,
                command: ['sh', '-c', 'mkdir /w && hostname > /w/index.html && exec httpd -f -p 8080 -h /w'],
                ports: [{ containerPort: 8080, hostPort: 18080 }],
              },
            ],
          },
        },
      },
    });
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'who', namespace: ns.name },
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    });
    await cluster.kubectl(['-n', ns.name, 'rollout', 'status', 'daemonset/who', '--timeout=90s']);
    const pods = (await cluster.json<PodList>(['-n', ns.name, 'get', 'pods', '-l', 'app=who'])).items;
    expect(pods).toHaveLength(nodes.length);
    const fetchFrom = (pod: string, url: string) =>
      cluster.kubectl(['-n', ns.name, 'exec', pod, '--', 'wget', '-qO-', '-T', '5', url]);
    for (const { metadata } of pods) {
      for (const target of pods) {
        expect(await fetchFrom(metadata.name, `http://${target.status.podIP}:8080/`)).toBe(target.metadata.name);
      }
      await eventually('the service by its name', async () =>
        (await fetchFrom(metadata.name, `http://who.${ns.name}.svc.cluster.local/`)).startsWith('who-')
          ? true
          : undefined,
      );
    }
    const [first] = pods;
    const fetchIt = `fetch('http://${first?.spec.nodeName}:18080/').then((r) => r.text()).then((t) => console.log(t.trim()))`;
    const fromNode = await cluster.onNode(nodes.at(-1) ?? '', ['/usr/lib/klab/bin/node', '-e', fetchIt]);
    expect(fromNode.trim()).toBe(first?.metadata.name);
  } finally {
    await ns.remove();
  }
}
