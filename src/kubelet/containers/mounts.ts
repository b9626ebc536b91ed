import { mkdir, open, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Pod, VolumeMount } from '../../api/types.ts';
import { codeOf } from '../../base/errors.ts';
import { MountPropagation } from '../../cri/generated/api.ts';
import type { ContainerConfig } from '../../cri/port.ts';
import type { ImageManager, MountedVolumes, RunnableContainer } from '../parts.ts';
import { uidOf } from '../pod-facts.ts';
import type { MountTable } from '../volumes/index.ts';
import { expandVariables } from './expansion.ts';

type Mount = ContainerConfig['mounts'][number];

export interface ContainerMountsOptions {
  readonly rootDir: string;
  readonly mounts: MountTable;
  /** For volumes of type image. */
  readonly images: Pick<ImageManager, 'ensure'>;
}

const propagations = {
  None: MountPropagation.PROPAGATION_PRIVATE,
  HostToContainer: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  Bidirectional: MountPropagation.PROPAGATION_BIDIRECTIONAL,
} as const;

/** A mount's subPath with its variables filled in; undefined when it has none. Throws with upstream's words. */
export function expandSubPath(
  mount: VolumeMount,
  environment: readonly { key: string; value: string }[],
): string | undefined {
  const written = mount.subPath || mount.subPathExpr;
  if (!written) return undefined;
  let missing: string | undefined;
  const expanded = mount.subPathExpr
    ? expandVariables(mount.subPathExpr, (name) => {
        const value = environment.find(({ key }) => key === name)?.value;
        missing ??= value === undefined ? name : undefined;
        return value;
      })
    : written;
  if (missing !== undefined) throw new Error(`missing value for ${JSON.stringify(missing)}`);
  if (expanded.startsWith('/')) throw new Error(`error SubPath \`${expanded}\` must not be an absolute path`);
  if (expanded.split('/').includes('..'))
    throw new Error(`unable to provision SubPath \`${expanded}\`: must not contain '..'`);
  return expanded;
}

/**
 * Finds what a subPath names inside its volume, making it where it is missing. A container can put links into its
 * volume, so the place is resolved first and must still lie inside.
 */
async function resolveSubPath(volumePath: string, subPath: string): Promise<string> {
  const root = await realpath(volumePath);
  const within = (path: string) => path === root || path.startsWith(`${root}${sep}`);
  const wanted = join(root, subPath);
  const existing = await realpath(wanted).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (existing !== undefined) {
    if (!within(existing)) throw new Error(`subpath "${subPath}" not within volume path`);
    return existing;
  }
  const parent = dirname(wanted) === root ? root : await resolveSubPath(volumePath, dirname(subPath));
  if (!within(parent)) throw new Error(`subpath "${subPath}" not within volume path`);
  const mode = (await stat(root)).mode & 0o777;
  const made = join(parent, subPath.split('/').filter(Boolean).at(-1) ?? '');
  await mkdir(made, { mode }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
  await chmodPastUmask(made, mode);
  return realpath(made);
}

async function chmodPastUmask(path: string, mode: number): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.chmod(mode);
  } finally {
    await folder.close();
  }
}

/** CRI mounts of a container's volumes. */
export function containerMounts({ rootDir, mounts: table, images }: ContainerMountsOptions) {
  const subPathFolder = (uid: string, volume: string, container: string) =>
    join(rootDir, 'pods', uid, 'volume-subpaths', volume, container);

  /** Binds the found place to a path of our own: what the container does to its volume afterwards cannot move it. */
  async function pin(source: string, target: string): Promise<string> {
    if ((await table.targets()).includes(target)) await table.unmount(target);
    if ((await stat(source)).isDirectory()) await mkdir(target, { recursive: true });
    else {
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, '');
    }
    await table.bind(source, target);
    return target;
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
    if (volume === undefined)
      throw new Error(
        `mount cannot be satisfied for container ${JSON.stringify(container.name)}, because the volume ${JSON.stringify(mount.name)} is missing or the volume mounter (vol.Mounter) is nil`,
      );
    const subPath = expandSubPath(mount, environment);
    const base: Mount = {
      containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
      hostPath: volume.hostPath,
      readonly: mount.readOnly === true || volume.readOnly,
      selinuxRelabel: false,
      propagation: propagations[(mount.mountPropagation ?? 'None') as keyof typeof propagations] ?? propagations.None,
      uidMappings: [],
      gidMappings: [],
      recursiveReadOnly:
        mount.readOnly === true && (mount.recursiveReadOnly === 'Enabled' || mount.recursiveReadOnly === 'IfPossible'),
      image: undefined,
      imageSubPath: '',
      mountOptions: [],
    };
    if (volume.image !== undefined) {
      const { reference, pullPolicy } = volume.image;
      const source = { name: container.name, image: reference, imagePullPolicy: pullPolicy };
      const image = await images.ensure(pod, source, undefined, new AbortController().signal);
      return {
        ...base,
        hostPath: '',
        image: { image, annotations: {}, userSpecifiedImage: reference, runtimeHandler: '', imageRef: '' },
        imageSubPath: subPath ?? '',
      };
    }
    if (subPath === undefined) return base;
    const source = await resolveSubPath(volume.hostPath, subPath).catch((error: unknown) => {
      throw new Error(
        `failed to prepare subPath for volumeMount ${JSON.stringify(mount.name)} of container ${JSON.stringify(container.name)}`,
        { cause: error },
      );
    });
    return {
      ...base,
      hostPath: await pin(source, join(subPathFolder(uidOf(pod), mount.name, container.name), String(index))),
    };
  }

  return {
    async mounts(
      pod: Pod,
      container: RunnableContainer,
      environment: readonly { key: string; value: string }[],
      volumes: MountedVolumes,
    ): Promise<Mount[]> {
      const made: Mount[] = [];
      for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
        made.push(await one(pod, container, mount, index, environment, volumes));
      }
      return made;
    },
    async release(uid: string, containerName: string): Promise<void> {
      const prefix = join(rootDir, 'pods', uid, 'volume-subpaths');
      const own = (await table.targets()).filter(
        (target) => target.startsWith(`${prefix}/`) && target.split('/').at(-2) === containerName,
      );
      for (const target of own) {
        await table.unmount(target);
        await rm(target, { recursive: true, force: true });
      }
    },
  };
}
