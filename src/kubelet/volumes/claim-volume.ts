import { mkdir, stat } from 'node:fs/promises';
import type { Node, PersistentVolume } from '../../api/types.ts';
import { codeOf } from '../../base/errors.ts';
import { matchesTerms } from '../admission/index.ts';
import { NotAttachedYet } from '../csi/index.ts';
import type { MountedVolume } from '../parts.ts';
import { systemErrorText } from '../system-error-text.ts';
import { expectBlockDevice } from './device-link.ts';
import { ensureHostPath } from './host-path.ts';
import type { MountTable } from './mount-table.ts';
import type { BoundVolume } from './persistent.ts';

export interface ClaimVolumeOptions {
  readonly mounts: MountTable;
  /** The Node object of this node; undefined while it is not known. */
  readonly node: () => Node | undefined;
  /** Where the volume goes that a plugin mounts: `local-volume` and its like. */
  readonly folderOf: (plugin: string) => string;
  /** Mounts a volume of a CSI driver; absent for any other. */
  readonly mountDriven?: () => Promise<MountedVolume>;
  /** Names a device of this node for the pod, and answers where. */
  readonly linkLocal: (device: string) => Promise<string>;
  readonly giveToGroup: (folder: string, readOnly: boolean) => Promise<void>;
}

/** What went wrong, as Events say it; of raw block devices `Map…`. */
export type VolumeOperation =
  `${'MountVolume.SetUp' | 'MountVolume.NewMounter initialization' | 'MountVolume.NodeAffinity check' | 'MapVolume.SetUpDevice' | 'MapVolume.NodeAffinity check'} failed`;

/** Something went wrong with a persistent volume: its Event names that, not the pod's name for it. */
export class PersistentVolumeProblem extends Error {
  readonly pvName: string;
  readonly operation: VolumeOperation;

  constructor(
    pvName: string,
    operation: PersistentVolumeProblem['operation'],
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'PersistentVolumeProblem';
    this.pvName = pvName;
    this.operation = operation;
  }
}

/** Whether the volume can be reached from this node, as far as that is known. */
function isReachable({ spec }: PersistentVolume, node: Node | undefined): boolean {
  const required = spec?.nodeAffinity?.required;
  if (required === undefined || node === undefined) return true;
  return matchesTerms(required.nodeSelectorTerms, node.metadata?.labels ?? {}, node.metadata?.name ?? '');
}

/** Makes a persistent volume ready for a pod. Rejects with a PersistentVolumeProblem, or a NotAttachedYet. */
export async function setUpBoundVolume(bound: BoundVolume, options: ClaimVolumeOptions): Promise<MountedVolume> {
  const isBlock = bound.pv.spec?.volumeMode === 'Block';
  if (!isReachable(bound.pv, options.node())) {
    throw new PersistentVolumeProblem(
      bound.pvName,
      isBlock ? 'MapVolume.NodeAffinity check failed' : 'MountVolume.NodeAffinity check failed',
      'no matching NodeSelectorTerms',
    );
  }
  return (isBlock ? mapBoundVolume : mountBoundVolume)(bound, options).catch((error: unknown) => {
    if (error instanceof NotAttachedYet || error instanceof PersistentVolumeProblem) throw error;
    const operation = isBlock ? 'MapVolume.SetUpDevice failed' : 'MountVolume.SetUp failed';
    throw new PersistentVolumeProblem(bound.pvName, operation, systemErrorText(error), { cause: error });
  });
}

/** A raw block device: nothing is mounted, the pod's folder gets a name for it. */
async function mapBoundVolume(
  { pv, pvName, readOnly }: BoundVolume,
  { mountDriven, linkLocal }: ClaimVolumeOptions,
): Promise<MountedVolume> {
  if (mountDriven !== undefined) return mountDriven();
  const { local } = pv.spec ?? {};
  if (local === undefined)
    throw new Error(
      `no volume plugin matched for block volume ${pvName}: ${describeSource(pv.spec ?? {})} is not supported`,
    );
  await expectBlockDevice(local.path);
  return { hostPath: await linkLocal(local.path), readOnly, device: true };
}

/** Why a place of the node cannot be a local volume; undefined when it can. */
export async function findLocalProblem(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isDirectory() ? undefined : 'only directory and block device are supported';
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? `path "${path}" does not exist` : systemErrorText(error);
  }
}

async function mountBoundVolume(
  { pv, pvName, readOnly }: BoundVolume,
  { mounts, folderOf, giveToGroup, mountDriven }: ClaimVolumeOptions,
): Promise<MountedVolume> {
  if (mountDriven !== undefined) return mountDriven();
  const spec = pv.spec ?? {};

  async function mountOnce(plugin: string, mount: (folder: string) => Promise<void>): Promise<MountedVolume> {
    const folder = folderOf(plugin);
    await mkdir(folder, { recursive: true, mode: 0o750 });
    if (!(await mounts.targets()).includes(folder)) {
      await mount(folder);
      await giveToGroup(folder, readOnly);
    }
    return { hostPath: folder, readOnly };
  }

  if (spec.hostPath !== undefined) {
    await ensureHostPath(spec.hostPath.path, spec.hostPath.type ?? '');
    return { hostPath: spec.hostPath.path, readOnly };
  }
  const { local, nfs } = spec;
  if (local !== undefined) {
    const problem = await findLocalProblem(local.path);
    if (problem !== undefined)
      throw new PersistentVolumeProblem(pvName, 'MountVolume.NewMounter initialization failed', problem);
    return mountOnce('local-volume', (folder) => mounts.bind(local.path, folder));
  }
  if (nfs !== undefined) {
    return mountOnce('nfs', (folder) =>
      mounts.nfs(`${nfs.server}:${nfs.path}`, folder, [
        ...(nfs.readOnly === true || readOnly ? ['ro'] : []),
        ...(spec.mountOptions ?? []),
      ]),
    );
  }
  throw new Error(`no volume plugin matched for volume ${pvName}: ${describeSource(spec)} is not supported`);
}

const knownKeys = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

const describeSource = (spec: object): string =>
  Object.keys(spec)
    .filter((key) => !knownKeys.has(key))
    .join(', ') || 'its source';
