import { mkdir } from 'node:fs/promises';
import type { KubeApi } from '../../api/port.ts';
import type { Node, Pod, Volume } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { type CsiVolume, type CsiVolumes, inlineVolume, persistentCsiVolume } from '../csi/index.ts';
import type { MountedVolume } from '../parts.ts';
import { uidOf } from '../pod-facts.ts';
import { setUpBoundVolume } from './claim-volume.ts';
import { deviceLink, linkDevice } from './device-link.ts';
import { setUpEmptyDir } from './empty-dir.ts';
import { ensureHostPath } from './host-path.ts';
import type { MountTable } from './mount-table.ts';
import { applyGroup, type GroupOwnership } from './ownership.ts';
import { readyMarker, volumeFolder } from './paths.ts';
import type { PayloadInputs } from './payload.ts';
import { setUpPayload } from './payload-volume.ts';
import { ClaimProblem, claimNameOf, resolveClaim } from './persistent.ts';

export interface SetUpOptions extends PayloadInputs {
  readonly rootDir: string;
  readonly clock: Clock;
  readonly mounts: MountTable;
  /** Absent when standalone. */
  readonly api: KubeApi | undefined;
  /** The Node object of this node; undefined while it is not known. */
  readonly node: () => Node | undefined;
  /** Absent when standalone. */
  readonly csi?: CsiVolumes | undefined;
  /** Told how many files were given to the pod's group so far, whenever that takes long. */
  readonly onSlowOwnership?: (pod: Pod, folder: string, files: number | undefined) => void;
  readonly onRefusedOwnership?: GroupOwnership['onRefused'];
}

/** Kinds whose content follows objects of the API, the name of each in paths, and what must not reach a disk. */
const payloadKinds = {
  configMap: { plugin: 'configmap', inMemory: false },
  secret: { plugin: 'secret', inMemory: true },
  downwardAPI: { plugin: 'downward-api', inMemory: true },
  projected: { plugin: 'projected', inMemory: true },
} as const;

type PayloadKind = keyof typeof payloadKinds;
const payloadKindNames = Object.keys(payloadKinds) as readonly PayloadKind[];

const payloadKindOf = (volume: Volume): PayloadKind | undefined =>
  payloadKindNames.find((kind) => volume[kind] !== undefined);

/** The volume's content may change while the pod runs, so it is set up again with each sync. */
export const isRefreshed = (volume: Volume): boolean => payloadKindOf(volume) !== undefined;

const firstReportMs = 30_000;
const nextReportMs = 60_000;

async function giveToGroup(pod: Pod, folder: string, readOnly: boolean, options: SetUpOptions): Promise<void> {
  const { fsGroup: group, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  if (group === undefined) return;
  let files = 0;
  let reported = false;
  const report = () => {
    options.onSlowOwnership?.(pod, folder, reported ? files : undefined);
    reported = true;
    timer = setTimeout(report, nextReportMs);
  };
  let timer = setTimeout(report, firstReportMs);
  try {
    await applyGroup(folder, {
      group,
      readOnly,
      onRootMismatch: fsGroupChangePolicy === 'OnRootMismatch',
      onFile: () => {
        files += 1;
      },
      ...(options.onRefusedOwnership === undefined ? {} : { onRefused: options.onRefusedOwnership }),
    });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Makes one volume of a pod ready, or brings its content up to date. Rejects with the reason, in words that go into
 * the Event: a ClaimProblem, a PersistentVolumeProblem, or any other error.
 */
export async function setUpVolume(pod: Pod, volume: Volume, options: SetUpOptions): Promise<MountedVolume> {
  const { rootDir, mounts } = options;
  const uid = uidOf(pod);
  const folderOf = (plugin: string, name = volume.name) => volumeFolder(rootDir, uid, plugin, name);
  async function setUpDriven(driven: CsiVolume): Promise<MountedVolume> {
    if (options.csi === undefined) throw new Error('this kubelet has no API server to ask about CSI drivers');
    const hostPath = await options.csi.setUp(pod, driven, {
      folder: folderOf('csi', driven.specName),
      giveToGroup: (folder, readOnly) => giveToGroup(pod, folder, readOnly, options),
    });
    if (!driven.block) return { hostPath, readOnly: driven.readOnly };
    return { hostPath: deviceLink(rootDir, uid, 'csi', driven.specName), readOnly: driven.readOnly, device: true };
  }

  if (volume.hostPath !== undefined) {
    await ensureHostPath(volume.hostPath.path, volume.hostPath.type ?? '');
    return { hostPath: volume.hostPath.path, readOnly: false };
  }
  if (volume.image !== undefined) {
    const { reference = '', pullPolicy = 'IfNotPresent' } = volume.image;
    return { hostPath: '', readOnly: true, image: { reference, pullPolicy } };
  }
  if (volume.emptyDir !== undefined) {
    const folder = folderOf('empty-dir');
    await setUpEmptyDir(pod, volume.emptyDir, folder, {
      ...options,
      marker: readyMarker(rootDir, uid, volume.name),
      giveToGroup: () => giveToGroup(pod, folder, false, options),
    });
    return { hostPath: folder, readOnly: false };
  }
  const kind = payloadKindOf(volume);
  if (kind !== undefined) {
    const { plugin, inMemory } = payloadKinds[kind];
    const folder = folderOf(plugin);
    await setUpPayload(pod, volume, folder, { ...options, inMemory, now: new Date(options.clock.now()) });
    return { hostPath: folder, readOnly: true };
  }
  const claimName = claimNameOf(pod, volume);
  if (claimName !== undefined) {
    if (options.api === undefined) throw new ClaimProblem('this kubelet has no API server to ask about claims');
    const bound = await resolveClaim(options.api, pod, volume, claimName);
    const driven = persistentCsiVolume(bound.pv, bound.readOnly);
    return setUpBoundVolume(bound, {
      mounts,
      node: options.node,
      ...(driven === undefined
        ? {}
        : {
            mountDriven: async () => {
              const mounted = await setUpDriven(driven);
              await options.csi?.expand(pod, driven, { ...bound, folder: folderOf('csi', driven.specName) });
              return mounted;
            },
          }),
      folderOf: (plugin) => folderOf(plugin, bound.pvName),
      linkLocal: async (device) => {
        const link = deviceLink(rootDir, uid, 'local-volume', bound.pvName);
        await linkDevice(link, device);
        return link;
      },
      giveToGroup: (folder, readOnly) => giveToGroup(pod, folder, readOnly, options),
    });
  }
  const inline = inlineVolume(pod, volume);
  if (inline !== undefined) return setUpDriven(inline);
  if (volume.nfs !== undefined) {
    const { server, path, readOnly = false } = volume.nfs;
    const folder = folderOf('nfs');
    await mkdir(folder, { recursive: true, mode: 0o750 });
    if (!(await mounts.targets()).includes(folder))
      await mounts.nfs(`${server}:${path}`, folder, readOnly ? ['ro'] : []);
    return { hostPath: folder, readOnly };
  }
  if (volume.gitRepo !== undefined) {
    throw new Error(
      'git-repo volume plugin has been disabled; if necessary, it may be re-enabled by enabling the feature-gate `GitRepoVolumeDriver`',
    );
  }
  const what = Object.keys(volume).filter((key) => key !== 'name');
  throw new ClaimProblem(
    `failed to get Plugin from volumeSpec for volume "${volume.name}" err=no volume plugin matched: ${what.join(', ') || 'a volume without a source'} is not supported`,
  );
}
