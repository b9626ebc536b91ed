import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeApi } from '../../api/port.ts';
import type { Pod, Volume } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { MountedVolume } from '../parts.ts';
import { uidOf } from '../pod-facts.ts';
import { unitsOf } from '../quantity.ts';
import { writeAtomically } from './atomic-writer.ts';
import { ensureHostPath } from './host-path.ts';
import type { MountTable } from './mount-table.ts';
import { applyFsGroup, groupMode } from './ownership.ts';
import { computePayload, type PayloadInputs } from './payload.ts';
import { resolveClaim } from './persistent.ts';

export interface SetUpOptions extends PayloadInputs {
  readonly rootDir: string;
  readonly clock: Clock;
  readonly mounts: MountTable;
  /** Absent when standalone. */
  readonly api: KubeApi | undefined;
}

/** Names of volume kinds in paths: `kubernetes.io~empty-dir`. */
const folders = {
  emptyDir: 'empty-dir',
  configMap: 'configmap',
  secret: 'secret',
  downwardAPI: 'downward-api',
  projected: 'projected',
} as const;

type MadeKind = keyof typeof folders;
const madeKinds = Object.keys(folders) as readonly MadeKind[];
/** What must not reach a disk, or changes often. */
const inMemory: readonly MadeKind[] = ['secret', 'downwardAPI', 'projected'];

export const volumeFolder = (rootDir: string, uid: string, plugin: string, name: string): string =>
  join(rootDir, 'pods', uid, 'volumes', `kubernetes.io~${plugin}`, name);

async function ensureTmpfs(mounts: MountTable, folder: string, options: readonly string[]): Promise<void> {
  if (!(await mounts.targets()).includes(folder)) await mounts.tmpfs(folder, options);
}

/** A memory-backed folder may grow to the smallest of its own limit, the pod's and the node's memory. */
function tmpfsSize(pod: Pod, sizeLimit: string | undefined, { resourceDefaults }: SetUpOptions): readonly string[] {
  const limits = (pod.spec?.containers ?? []).map(({ resources }) => resources?.limits?.memory);
  const podLimit = limits.every((limit) => limit !== undefined)
    ? limits.reduce((sum, limit) => sum + unitsOf(limit), 0)
    : 0;
  const sizes = [unitsOf(sizeLimit), podLimit, unitsOf(resourceDefaults().memory)].filter((bytes) => bytes > 0);
  return sizes.length === 0 ? [] : [`size=${Math.min(...sizes)}`];
}

async function setUpEmptyDir(pod: Pod, volume: Volume, folder: string, options: SetUpOptions): Promise<void> {
  const { medium = '', sizeLimit } = volume.emptyDir ?? {};
  const mounted = (await options.mounts.targets()).includes(folder);
  if (medium === 'Memory' && !mounted) await options.mounts.tmpfs(folder, tmpfsSize(pod, sizeLimit, options));
  if (medium.startsWith('HugePages') && !mounted) {
    const pageSize = medium === 'HugePages' ? [] : [`pagesize=${medium.slice('HugePages-'.length).replace('i', '')}`];
    await options.mounts.hugetlbfs(folder, pageSize);
  }
  await chmod(folder, 0o777);
  await ownByGroup(pod, folder, false);
}

async function ownByGroup(pod: Pod, folder: string, readOnly: boolean): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  if (fsGroup === undefined) return;
  await applyFsGroup(folder, fsGroup, { readOnly, onRootMismatch: fsGroupChangePolicy === 'OnRootMismatch' });
}

async function setUpPayload(
  pod: Pod,
  volume: Volume,
  kind: MadeKind,
  folder: string,
  options: SetUpOptions,
): Promise<void> {
  const payload = await computePayload(pod, volume, options);
  if (inMemory.includes(kind)) await ensureTmpfs(options.mounts, folder, tmpfsSize(pod, undefined, options));
  const fsGroup = pod.spec?.securityContext?.fsGroup;
  await chmod(folder, fsGroup === undefined ? (inMemory.includes(kind) ? 0o1777 : 0o777) : 0o2777);
  await writeAtomically(folder, payload, {
    now: new Date(options.clock.now()),
    ...(fsGroup === undefined
      ? {}
      : {
          prepare: (version: string) => applyFsGroup(version, fsGroup, { readOnly: false, onRootMismatch: false }),
          finalMode: (mode: number) => groupMode(mode, false, false),
        }),
  });
}

/**
 * Makes one volume of a pod ready, or brings its content up to date. Rejects with the reason, in words that go into
 * the Event.
 */
export async function setUpVolume(pod: Pod, volume: Volume, options: SetUpOptions): Promise<MountedVolume> {
  const uid = uidOf(pod);
  if (volume.hostPath !== undefined) {
    await ensureHostPath(volume.hostPath.path, volume.hostPath.type ?? '');
    return { hostPath: volume.hostPath.path, readOnly: false };
  }
  if (volume.image !== undefined) {
    const { reference = '', pullPolicy = 'IfNotPresent' } = volume.image;
    return { hostPath: '', readOnly: true, image: { reference, pullPolicy } };
  }
  const claimName =
    volume.persistentVolumeClaim?.claimName ??
    (volume.ephemeral === undefined ? undefined : `${pod.metadata?.name}-${volume.name}`);
  if (claimName !== undefined)
    return setUpClaim(pod, claimName, volume.persistentVolumeClaim?.readOnly === true, options);
  const kind = madeKinds.find((candidate) => volume[candidate] !== undefined);
  if (kind === undefined) {
    const what = Object.keys(volume)
      .filter((key) => key !== 'name')
      .join(', ');
    throw new Error(`no volume plugin matched: volumes of kind ${what || '(none)'} are not supported by this kubelet`);
  }
  const folder = volumeFolder(options.rootDir, uid, folders[kind], volume.name);
  await mkdir(folder, { recursive: true, mode: 0o750 });
  if (kind === 'emptyDir') await setUpEmptyDir(pod, volume, folder, options);
  else await setUpPayload(pod, volume, kind, folder, options);
  return { hostPath: folder, readOnly: false };
}

async function setUpClaim(
  pod: Pod,
  claimName: string,
  readOnly: boolean,
  options: SetUpOptions,
): Promise<MountedVolume> {
  if (options.api === undefined) throw new Error('this kubelet has no API server to ask about claims');
  const source = await resolveClaim(options.api, pod, claimName);
  if (source.kind === 'hostPath') {
    await ensureHostPath(source.path, source.type);
    return { hostPath: source.path, readOnly };
  }
  const folder = volumeFolder(options.rootDir, uidOf(pod), 'local-volume', source.pvName);
  await mkdir(folder, { recursive: true, mode: 0o750 });
  if (!(await options.mounts.targets()).includes(folder)) await options.mounts.bind(source.path, folder);
  await ownByGroup(pod, folder, readOnly);
  return { hostPath: folder, readOnly };
}
