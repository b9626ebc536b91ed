import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { kubeconfigOf, sharedClusters } from './cluster.ts';
import { klab, mustKlab, root } from './run.ts';

/** Keeps the clusters for a look, and for the next run that is told to keep them. */
const keep = process.env.KLAB_E2E_KEEP !== undefined;

async function removeClusters(): Promise<void> {
  const { stdout } = await klab(['get', 'clusters']);
  for (const { name } of Object.values(sharedClusters)) {
    if (stdout.split('\n').includes(name))
      await mustKlab(['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfigOf(name)]);
    rmSync(kubeconfigOf(name), { force: true });
  }
}

/** Clusters of an earlier run that was cut off hold an older kubelet: every run begins without them. */
export async function setup(): Promise<void> {
  if (keep) return;
  await removeClusters();
}

/** The nodes' logs are kept where CI picks them up; then nothing is left behind. */
export async function teardown(): Promise<void> {
  if (keep) return;
  const { stdout } = await klab(['get', 'clusters']);
  for (const { name } of Object.values(sharedClusters)) {
    if (stdout.split('\n').includes(name))
      await klab(['export', 'logs', join(root, 'dist/e2e-logs', name), '--name', name]);
  }
  await removeClusters();
}
