import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kubeApi } from '../../src/api/client.ts';
import { parseKubeconfig } from '../../src/api/kubeconfig.ts';
import type { KubeApi } from '../../src/api/port.ts';
import { systemClock } from '../../src/base/clock.ts';
import { runCommand } from '../../src/base/exec.ts';
import { waitUntil } from '../../src/base/wait-until.ts';

/** The two workers alike but for the kubelet, and the API server they belong to. */
export interface Lab {
  readonly api: KubeApi;
  readonly nodes: Readonly<Record<'klab' | 'upstream', string>>;
  readonly remove: () => Promise<void>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const klab = (...args: readonly string[]) => runCommand(join(root, 'bin/klab'), args);

/** 110 pods of the bench beside those of the cluster itself. */
const worker = (kubelet: string) => ({
  role: 'worker',
  kubelet,
  kubeadmConfigPatches: [JSON.stringify({ kind: 'KubeletConfiguration', maxPods: 150 })],
});
const config = {
  kind: 'Cluster',
  apiVersion: 'klab.dev/v1alpha1',
  nodes: [{ role: 'control-plane' }, worker('klab'), worker('upstream')],
};

/** What a Deployment's pods need to run on the control plane, so that both workers hold the same of the cluster's own. */
const onControlPlane = {
  spec: {
    template: {
      spec: {
        nodeSelector: { 'node-role.kubernetes.io/control-plane': '' },
        tolerations: [{ operator: 'Exists' }],
      },
    },
  },
};

/** Makes the cluster `name`, or takes the one that is there; `remove` removes what was made here. */
export async function openLab(name: string, found: boolean): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), 'klab-bench-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const remove = async () => {
    if (!found) await klab('delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig);
    rmSync(folder, { recursive: true, force: true });
  };
  if (found) {
    const { stdout } = await klab('get', 'kubeconfig', '--name', name);
    writeFileSync(kubeconfig, stdout, { mode: 0o600 });
  } else {
    const file = join(folder, 'cluster.json');
    writeFileSync(file, JSON.stringify(config));
    await klab('create', 'cluster', '--name', name, '--config', file, '--kubeconfig', kubeconfig);
  }
  const api = kubeApi({ ...parseKubeconfig(readFileSync(kubeconfig, 'utf8'), kubeconfig), userAgent: 'klab-bench' });
  const lab = { api, nodes: { klab: `${name}-worker`, upstream: `${name}-worker2` }, remove };
  if (!found) await clearWorkers(lab);
  return lab;
}

/** Only DaemonSets' pods stay on the workers. */
async function clearWorkers({ api, nodes }: Lab): Promise<void> {
  type Item = { metadata: { namespace: string; name: string; ownerReferences?: readonly { kind: string }[] } };
  const { items } = await api.list<Item>('/apis/apps/v1/deployments');
  for (const { metadata } of items) {
    const path = `/apis/apps/v1/namespaces/${metadata.namespace}/deployments/${metadata.name}`;
    await api.patch(path, 'strategic-merge', onControlPlane);
  }
  const movable = async (): Promise<true | string> => {
    const pods = await api.list<Item & { spec: { nodeName?: string } }>('/api/v1/pods');
    const left = pods.items.filter(
      ({ metadata, spec }) =>
        Object.values(nodes).includes(spec.nodeName ?? '') &&
        metadata.ownerReferences?.some(({ kind }) => kind === 'ReplicaSet') === true,
    );
    return left.length === 0 || `still on a worker: ${left.map(({ metadata }) => metadata.name).join(', ')}`;
  };
  const cleared = await waitUntil(movable, { clock: systemClock, everyMs: 500, timeoutMs: 90_000 });
  if (cleared.kind === 'timedOut') throw new Error(cleared.lastSeen);
}
