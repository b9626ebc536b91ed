import type { ContainerConfig } from '../../cri/port.ts';
import type { MountedVolumes, RunnableContainer } from '../parts.ts';

/** CRI devices of a container's raw block volumes. Throws when it asks for one that the pod does not have. */
export function volumeDevices(container: RunnableContainer, volumes: MountedVolumes): ContainerConfig['devices'] {
  return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
    const volume = volumes.get(name);
    if (volume?.device === undefined) {
      throw new Error(
        `cannot find volume ${JSON.stringify(name)} to pass into container ${JSON.stringify(container.name)}`,
      );
    }
    return { hostPath: volume.hostPath, containerPath: devicePath, permissions: volume.readOnly ? 'r' : 'mrw' };
  });
}
