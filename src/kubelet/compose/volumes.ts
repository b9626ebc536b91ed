import { realpathSync } from 'node:fs';
import { featuresOf } from '../config/index.ts';
import { csiVolumes } from '../csi/index.ts';
import { podObjects, serviceLister } from '../objects/index.ts';
import { kernelMounts, volumeManager } from '../volumes/index.ts';
import type { Foundation } from './foundation.ts';
import type { NodeParts } from './node.ts';

export interface VolumeInputs extends Pick<NodeParts, 'node' | 'storage'> {
  /** The objects that these pods' files are made of are new. */
  readonly onChange: (uids: readonly string[]) => void;
  readonly wake: (uid: string) => void;
}

/** What pods find in their folders, and the API's objects it is made of. */
export function composeVolumes(
  { flags: { rootDir }, config, nodeName, clock, journal, api }: Foundation,
  { node, storage, onChange, wake }: VolumeInputs,
) {
  const feature = featuresOf(config);
  const objects =
    api &&
    podObjects({
      api,
      clock,
      onChange,
      showTrustBundles: feature('ClusterTrustBundle') && feature('ClusterTrustBundleProjection'),
      certificates: feature('PodCertificateRequest') ? { journal, nodeName, node: node.node } : undefined,
    });
  const services = api && serviceLister(api, clock);
  const csi =
    api &&
    objects &&
    csiVolumes({
      rootDir: realpathSync(rootDir),
      nodeName,
      api,
      clock,
      journal,
      token: objects.token,
      node,
      onAttached: (uid) => {
        volumes.hurry(uid);
        wake(uid);
      },
    });
  if (csi !== undefined) storage.from(csi);
  const volumes = volumeManager({
    csi,
    rootDir,
    clock,
    journal,
    mounts: kernelMounts,
    api,
    objects,
    trustAnchors: objects?.trustAnchors,
    podCertificates: objects?.podCertificates,
    hostIps: node.hostIps,
    resourceDefaults: node.allocatable,
    node: node.node,
  });
  return { objects, services, csi, volumes };
}
