import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { ResourceDefaults } from '../containers/downward.ts';
import { unitsOf } from '../quantity.ts';
import { computePodTotals } from '../resources/index.ts';
import type { MountTable } from './mount-table.ts';

export interface Placement {
  readonly mounts: MountTable;
  /** The node's allocatable resources. */
  readonly resourceDefaults: () => ResourceDefaults;
}

/** A memory-backed folder may grow to the smallest of its own limit, the pod's and the node's memory. */
export function tmpfsOptions(
  pod: Pod,
  sizeLimit: string | undefined,
  { resourceDefaults }: Pick<Placement, 'resourceDefaults'>,
): readonly string[] {
  const sizes = [unitsOf(sizeLimit), computePodTotals(pod).memoryLimit ?? 0, unitsOf(resourceDefaults().memory)];
  const limits = sizes.filter((bytes) => bytes > 0);
  return limits.length === 0 ? [] : [`size=${Math.min(...limits)}`];
}

const isMounted = async (folder: string, mounts: MountTable): Promise<boolean> =>
  (await mounts.targets()).includes(folder);

export async function ensureTmpfs(folder: string, mounts: MountTable, options: readonly string[]): Promise<void> {
  if (!(await isMounted(folder, mounts))) await mounts.tmpfs(folder, options);
}

/** Lets everyone write. Only the last nine bits are set: a tmpfs comes with the sticky one, a group has set its own. */
export async function openToAll(folder: string): Promise<void> {
  const mode = (await stat(folder)).mode & 0o7777;
  if ((mode & 0o777) !== 0o777) await chmod(folder, mode | 0o777);
}

const hugePagesPrefix = 'hugepages-';

/** The sizes of huge pages that a pod asks for, in bytes. */
function askedPageSizes({ spec }: Pod): ReadonlySet<number> {
  const askers = [...(spec === undefined ? [] : [spec]), ...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const names = askers.flatMap(({ resources }) => Object.keys({ ...resources?.limits, ...resources?.requests }));
  const sizes = names.filter((name) => name.startsWith(hugePagesPrefix));
  return new Set(sizes.map((name) => unitsOf(name.slice(hugePagesPrefix.length))));
}

/** `HugePages-2Mi` → `pagesize=2097152`; plain `HugePages` takes the one size that the pod asks for. Throws with upstream's words. */
export function hugePageOptions(pod: Pod, medium: string): readonly string[] {
  const asked = [...askedPageSizes(pod)];
  const named = medium === 'HugePages' ? undefined : unitsOf(medium.slice('HugePages-'.length));
  if (named === undefined && asked.length > 1) {
    throw new Error(`medium: ${medium} can't be used if container requests multiple huge page sizes`);
  }
  const size = named === undefined ? asked[0] : asked.find((bytes) => bytes === named);
  if (size === undefined) {
    throw new Error(`medium ${medium}: hugePages storage requested, but there is no resource request for huge pages`);
  }
  return [`pagesize=${size}`];
}

export interface EmptyDirOptions extends Placement {
  /** Says that the folder was made ready once: what the pod did with it since is its own. */
  readonly marker: string;
  readonly giveToGroup: () => Promise<void>;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Makes an emptyDir, unless it is there already: its content outlives containers and the kubelet. */
export async function setUpEmptyDir(
  pod: Pod,
  { medium = '', sizeLimit }: { readonly medium?: string; readonly sizeLimit?: string },
  folder: string,
  options: EmptyDirOptions,
): Promise<void> {
  const { mounts, marker } = options;
  const onDisk = medium === '';
  const isReady = await exists(marker);
  if (isReady && (await (onDisk ? exists(folder) : isMounted(folder, mounts)))) return;
  await mkdir(folder, { recursive: true, mode: 0o755 });
  if (medium === 'Memory') await ensureTmpfs(folder, mounts, tmpfsOptions(pod, sizeLimit, options));
  else if (medium.startsWith('HugePages')) {
    if (!(await isMounted(folder, mounts))) await mounts.hugetlbfs(folder, hugePageOptions(pod, medium));
  } else if (!onDisk) throw new Error(`unknown storage medium ${JSON.stringify(medium)}`);
  await openToAll(folder);
  await options.giveToGroup();
  await mkdir(dirname(marker), { recursive: true, mode: 0o750 });
  await writeFile(marker, '');
}
