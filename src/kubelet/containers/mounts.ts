import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Pod, VolumeMount } from '../../api/types.ts';
import { messageOf } from '../../base/errors.ts';
import { MountPropagation } from '../../cri/generated/api.ts';
import type { ContainerConfig } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import type { ContainerInputs, MountedVolume, MountedVolumes, RunnableContainer } from '../parts.ts';
import { logNameOf, uidOf } from '../pod-facts.ts';
import { type MountTable, subPathTarget } from '../volumes/index.ts';
import { decideRecursiveReadOnly } from './recursive-read-only.ts';
import { expandSubPath, openSubPath, pathOfHandle } from './sub-path.ts';

type Mount = ContainerConfig['mounts'][number];

export interface ContainerMountsOptions {
  readonly journal: Journal;
  readonly rootDir: string;
  readonly mounts: MountTable;
  /** Whether the runtime can make all mounts below a read-only one read-only too. */
  readonly recursiveReadOnly: (pod: Pod) => boolean;
}

const propagations: Readonly<Record<string, MountPropagation>> = {
  None: MountPropagation.PROPAGATION_PRIVATE,
  HostToContainer: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  Bidirectional: MountPropagation.PROPAGATION_BIDIRECTIONAL,
};

/** CRI mounts of a container's volumes. */
export function containerMounts(options: ContainerMountsOptions): ContainerInputs['mounts'] {
  const { journal, rootDir, mounts: table } = options;

  /** Binds the found place to a path of our own: what the container does to its volume afterwards cannot move it. */
  async function pin(volumePath: string, subPath: string, target: string): Promise<string> {
    const found = await openSubPath(volumePath, subPath);
    try {
      if ((await table.targets()).includes(target)) await table.unmount([target]);
      await mkdir(dirname(target), { recursive: true, mode: 0o750 });
      const source = pathOfHandle(found);
      if ((await stat(source)).isDirectory()) await mkdir(target, { recursive: true, mode: 0o750 });
      else await writeFile(target, '', { flag: 'a', mode: 0o640 });
      await table.bind(source, target);
      return target;
    } finally {
      await found.close();
    }
  }

  async function pinned(
    pod: Pod,
    container: RunnableContainer,
    mount: VolumeMount,
    index: number,
    volume: MountedVolume,
    subPath: string,
  ): Promise<string> {
    const target = subPathTarget(rootDir, uidOf(pod), mount.name, container.name, index);
    try {
      return await pin(volume.hostPath, subPath, target);
    } catch (error) {
      // What went wrong may tell of the node's files, so users read only that it did.
      journal.write({ kind: 'volume.subPathFailed', pod: logNameOf(pod), path: subPath, error: messageOf(error) });
      throw new Error(
        `failed to prepare subPath for volumeMount ${JSON.stringify(mount.name)} of container ${JSON.stringify(container.name)}`,
        { cause: error },
      );
    }
  }

  function imageOf(pod: Pod, volume: NonNullable<MountedVolume['image']>) {
    return {
      image: volume.id ?? '',
      annotations: pod.metadata?.annotations ?? {},
      userSpecifiedImage: volume.reference,
      runtimeHandler: '',
      imageRef: '',
    };
  }

  async function one(
    pod: Pod,
    container: RunnableContainer,
    mount: VolumeMount,
    index: number,
    environment: readonly { key: string; value: string }[],
    volumes: MountedVolumes,
  ): Promise<Mount> {
    const volume = volumes.get(mount.name);
    if (volume === undefined) {
      const [name, what] = [JSON.stringify(container.name), JSON.stringify(mount.name)];
      throw new Error(`cannot find volume ${what} to mount into container ${name}`);
    }
    const subPath = expandSubPath(mount, environment);
    const readonly = mount.readOnly === true || volume.readOnly;
    const base: Mount = {
      containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
      hostPath: volume.hostPath,
      readonly,
      selinuxRelabel: false,
      propagation: propagations[mount.mountPropagation ?? 'None'] ?? MountPropagation.PROPAGATION_PRIVATE,
      uidMappings: [],
      gidMappings: [],
      recursiveReadOnly: decideRecursiveReadOnly(mount, options.recursiveReadOnly(pod)),
      image: undefined,
      imageSubPath: '',
      mountOptions: [],
    };
    if (volume.image !== undefined) {
      return { ...base, hostPath: '', image: imageOf(pod, volume.image), imageSubPath: subPath ?? '' };
    }
    if (subPath === undefined) return base;
    return { ...base, hostPath: await pinned(pod, container, mount, index, volume, subPath) };
  }

  return async (pod, container, environment, volumes) => {
    const made: Mount[] = [];
    // One after another: the first problem is the one that users read.
    for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
      made.push(await one(pod, container, mount, index, environment, volumes));
    }
    return made;
  };
}
