import * as z from 'zod';
import { isNotFound } from '../../../api/errors.ts';
import type { KubeApi } from '../../../api/port.ts';
import type { Pod } from '../../../api/types.ts';
import type { ContainerEngine } from '../../../engine/port.ts';
import { allSettled } from '../../all-settled.ts';
import { runOnNode } from '../../node-command.ts';
import { askFromProbe, startProbeServer } from './probe-programs.ts';

export interface ProbeOptions {
  readonly engine: ContainerEngine;
  readonly api: KubeApi;
  readonly nodes: readonly string[];
  readonly clusterDns: string;
  readonly signal: AbortSignal;
}

export interface Probe {
  /** True, or a sentence that says which traffic does not flow. */
  look(): Promise<true | string>;
  /** Deletes the probe pods. */
  end(): Promise<void>;
}

const name = 'klab-cni-probe';
const namespaceOf = '/api/v1/namespaces/kube-system';
const daemonSets = '/apis/apps/v1/namespaces/kube-system/daemonsets';
const nodeProgram = '/usr/lib/klab/bin/node';

/**
 * A pod on every node, of the image that every node has for its sandboxes: from within each one's network, all others
 * and cluster DNS must answer.
 */
export async function startProbe(options: ProbeOptions): Promise<Probe> {
  const { api, engine, nodes, signal } = options;
  const [node = ''] = nodes;
  const image = pauseImage(await runOnNode(engine, node, ['crictl', 'images', '-o', 'json'], { signal }));
  await deleteProbe(api);
  await api.create(daemonSets, renderProbe(image), { signal });
  const serving = new Set<string>();
  return { look: () => look(options, serving), end: () => deleteProbe(api) };
}

const imageList = z.looseObject({ images: z.array(z.looseObject({ repoTags: z.array(z.string()).default([]) })) });

function pauseImage(list: string): string {
  const tags = imageList.parse(JSON.parse(list)).images.flatMap(({ repoTags }) => repoTags);
  return tags.find((tag) => /\/pause:[^/]+$/.test(tag)) ?? 'registry.k8s.io/pause:3.10';
}

/** Nothing but its network matters, so it runs on every node, and is gone at once when it is deleted. */
export const renderProbe = (image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name, namespace: 'kube-system', labels: { app: name } },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        tolerations: [{ operator: 'Exists' }],
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'pause', image, imagePullPolicy: 'IfNotPresent' }],
      },
    },
  },
});

async function deleteProbe(api: KubeApi): Promise<void> {
  try {
    await api.delete(`${daemonSets}/${name}`, { propagationPolicy: 'Foreground' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function look(options: ProbeOptions, serving: Set<string>): Promise<true | string> {
  const { api, engine, nodes, clusterDns, signal } = options;
  const { items } = await api.list<Pod>(`${namespaceOf}/pods`, { query: { labelSelector: `app=${name}` }, signal });
  const addresses = new Map<string, string>();
  for (const pod of items) {
    const gone = pod.metadata?.deletionTimestamp !== undefined || pod.status?.phase !== 'Running';
    if (!gone && pod.status?.podIP) addresses.set(pod.spec?.nodeName ?? '', pod.status.podIP);
  }
  const without = nodes.find((node) => !addresses.has(node));
  if (without !== undefined) return `the probe pod on ${without} has no address yet`;

  await allSettled(
    nodes.filter((node) => !serving.has(node)),
    async (node) => {
      const { exitCode } = await engine.exec(node, [nodeProgram, '-e', startProbeServer], {
        signal,
        timeoutMs: 15_000,
      });
      if (exitCode === 0) serving.add(node);
    },
  );
  const failures: string[] = [];
  await allSettled(nodes, async (node) => {
    const targets = nodes.filter((other) => other !== node).map((other) => addresses.get(other) ?? '');
    const request = JSON.stringify({ targets, dns: clusterDns });
    const result = await engine.exec(node, [nodeProgram, '-e', askFromProbe, request], { signal, timeoutMs: 15_000 });
    const nodeOf = (address: string) => nodes.find((other) => addresses.get(other) === address) ?? address;
    failures.push(...describeFailures(node, result, nodeOf));
  });
  return failures.length === 0 ? true : failures.sort().join('; ');
}

const answer = z.array(z.object({ target: z.string(), why: z.string() }));

/** What a node's client could not reach, as sentences. */
export function describeFailures(
  node: string,
  { exitCode, stdout, stderr }: { readonly exitCode: number; readonly stdout: string; readonly stderr: string },
  nodeOf: (address: string) => string,
): readonly string[] {
  if (exitCode === 3) return [`the probe pod on ${node} does not run yet`];
  if (exitCode !== 0) return [`the probe on ${node} failed: ${stderr.trim().split('\n').at(-1) ?? `exit ${exitCode}`}`];
  return answer
    .parse(JSON.parse(stdout))
    .map(({ target, why }) =>
      target === 'dns'
        ? `cluster DNS does not answer pods on ${node} (${why})`
        : `pods on ${node} do not reach pods on ${nodeOf(target)} at ${target} (${why})`,
    );
}
