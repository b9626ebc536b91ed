import { join } from 'node:path';
import { prefix } from '../../harness/cluster.ts';
import { must } from '../../harness/run.ts';

/** A version that no registry has, and no other run of these tests. */
export const standInVersion = `v0.0.0-stand-in-${prefix}`;
/** Calico's images by their names. */
export const standInImages = ['cni', 'node', 'kube-controllers'].map(
  (name) => `quay.io/calico/${name}:${standInVersion}`,
);

/** Builds them in this machine's Docker from the node image; what is built already is there at once. */
export async function buildStandIn(nodeImage: string): Promise<void> {
  const [first = '', ...others] = standInImages;
  const context = join(import.meta.dirname, 'image');
  await must('docker', ['build', '-q', '-t', first, '--build-arg', `NODE_IMAGE=${nodeImage}`, context]);
  for (const image of others) await must('docker', ['tag', first, image]);
}

export const removeStandIn = (): Promise<string> => must('docker', ['rmi', '-f', ...standInImages]);
