import type { Pod } from '../api/types.ts';
import type { ContainerInputs, VolumeManager } from './parts.ts';
export const volumeStandin: VolumeManager = {
  async mount(pod: Pod) {
    return new Map(
      (pod.spec?.volumes ?? []).flatMap((v) =>
        v.hostPath ? [[v.name, { hostPath: v.hostPath.path, readOnly: false }] as const] : [],
      ),
    );
  },
  async unmount() {},
  async podsOnDisk() {
    return [];
  },
};
export const inputsStandin: Pick<ContainerInputs, 'environment' | 'mounts'> = {
  async environment(_pod, c) {
    return (c.env ?? []).map((e) => ({ key: e.name, value: e.value ?? '' }));
  },
  async mounts(_p, c, _e, volumes) {
    return (c.volumeMounts ?? []).flatMap((m) => {
      const v = volumes.get(m.name);
      return v
        ? [
            {
              containerPath: m.mountPath,
              hostPath: v.hostPath,
              readonly: m.readOnly === true,
              selinuxRelabel: false,
              propagation: 0 as const,
              uidMappings: [],
              gidMappings: [],
              recursiveReadOnly: false,
              image: undefined,
              imageSubPath: '',
              mountOptions: [],
            },
          ]
        : [];
    });
  },
};
