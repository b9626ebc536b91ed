import type { PersistentVolume, Pod, Volume } from '../../api/types.ts';
import type { VolumeCapability } from '../../cri/generated/csi.ts';
import { nameOf, namespaceOf, uidOf } from '../pod-facts.ts';
import { inlineHandle } from './places.ts';

/** What the CSIDriver object says, as far as a node heeds it. */
export interface DriverSpec {
  readonly attachRequired?: boolean;
  readonly podInfoOnMount?: boolean;
  readonly fsGroupPolicy?: string;
  readonly requiresRepublish?: boolean;
  readonly volumeLifecycleModes?: readonly string[];
  readonly tokenRequests?: readonly { readonly audience: string; readonly expirationSeconds?: number }[];
}

export interface SecretPlace {
  readonly namespace: string;
  readonly name: string;
}

/** A volume of a driver, however a pod asks for it. */
export interface CsiVolume {
  readonly driver: string;
  readonly handle: string;
  /** The PersistentVolume's name, or the pod's own name for an inline volume. */
  readonly specName: string;
  readonly inline: boolean;
  /** A raw block device, not a file system. */
  readonly block: boolean;
  readonly readOnly: boolean;
  readonly fsType: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly mountOptions: readonly string[];
  readonly accessModes: readonly string[];
  readonly stageSecret: SecretPlace | undefined;
  readonly publishSecret: SecretPlace | undefined;
  readonly expandSecret?: SecretPlace | undefined;
}

/** A volume that stands in the pod's own spec. */
export function inlineVolume(pod: Pod, volume: Volume): CsiVolume | undefined {
  const { csi } = volume;
  if (csi === undefined) return undefined;
  const secret = csi.nodePublishSecretRef?.name;
  return {
    driver: csi.driver,
    handle: inlineHandle(uidOf(pod), volume.name),
    specName: volume.name,
    inline: true,
    block: false,
    readOnly: csi.readOnly === true,
    fsType: csi.fsType ?? '',
    attributes: csi.volumeAttributes ?? {},
    mountOptions: [],
    accessModes: ['ReadWriteOnce'],
    stageSecret: undefined,
    publishSecret: secret === undefined ? undefined : { namespace: namespaceOf(pod), name: secret },
  };
}

const secretPlace = (ref: { name?: string; namespace?: string } | undefined): SecretPlace | undefined =>
  ref === undefined ? undefined : { namespace: ref.namespace ?? '', name: ref.name ?? '' };

/** A volume that a claim led to; undefined: it is of no driver. */
export function persistentCsiVolume({ metadata, spec }: PersistentVolume, readOnly: boolean): CsiVolume | undefined {
  const csi = spec?.csi;
  if (csi === undefined) return undefined;
  return {
    driver: csi.driver,
    handle: csi.volumeHandle,
    specName: metadata?.name ?? '',
    inline: false,
    block: spec?.volumeMode === 'Block',
    readOnly: readOnly || csi.readOnly === true,
    fsType: csi.fsType ?? '',
    attributes: csi.volumeAttributes ?? {},
    mountOptions: spec?.mountOptions ?? [],
    accessModes: spec?.accessModes ?? [],
    stageSecret: secretPlace(csi.nodeStageSecretRef),
    publishSecret: secretPlace(csi.nodePublishSecretRef),
    expandSecret: secretPlace(csi.nodeExpandSecretRef),
  };
}

const modes: Readonly<Record<string, 1 | 3 | 5>> = {
  ReadWriteOnce: 1,
  ReadOnlyMany: 3,
  ReadWriteMany: 5,
  ReadWriteOncePod: 1,
};
const exactModes: Readonly<Record<string, 3 | 5 | 6 | 7>> = {
  ReadWriteOnce: 7,
  ReadOnlyMany: 3,
  ReadWriteMany: 5,
  ReadWriteOncePod: 6,
};

/** How the volume is used, in CSI's terms. `exact`: the driver tells one writer from one node of writers. */
export function computeCapability(volume: CsiVolume, exact: boolean, group: number | undefined): VolumeCapability {
  const mode = (exact ? exactModes : modes)[volume.accessModes[0] ?? 'ReadWriteOnce'] ?? 0;
  if (volume.block) return { block: {}, accessMode: { mode } };
  return {
    mount: {
      fsType: volume.fsType,
      mountFlags: [...volume.mountOptions],
      volumeMountGroup: group === undefined ? '' : String(group),
    },
    accessMode: { mode },
  };
}

const prefix = 'csi.storage.k8s.io';

/** What a driver that asks for it is told of the pod. */
export const computePodInfo = (pod: Pod, inline: boolean): Readonly<Record<string, string>> => ({
  [`${prefix}/pod.name`]: nameOf(pod),
  [`${prefix}/pod.namespace`]: namespaceOf(pod),
  [`${prefix}/pod.uid`]: uidOf(pod),
  [`${prefix}/serviceAccount.name`]: pod.spec?.serviceAccountName ?? '',
  [`${prefix}/ephemeral`]: String(inline),
});

/** Whether the kubelet gives the volume's files to the pod's group. */
export function takesGroup(volume: CsiVolume, policy = 'ReadWriteOnceWithFSType'): boolean {
  if (policy === 'None' || volume.readOnly) return false;
  if (policy === 'File') return true;
  return volume.fsType !== '' && (volume.inline || volume.accessModes.includes('ReadWriteOnce'));
}

/** Why the driver cannot serve such a volume; undefined: it can. A driver without an object serves persistent ones. */
export function findLifecycleProblem(volume: CsiVolume, spec: DriverSpec | undefined): string | undefined {
  const mode = volume.inline ? 'Ephemeral' : 'Persistent';
  if (spec === undefined && volume.inline)
    return `volume mode "Ephemeral" not supported by driver ${volume.driver} (no CSIDriver object)`;
  if ((spec?.volumeLifecycleModes ?? ['Persistent']).includes(mode)) return undefined;
  return `volume mode ${JSON.stringify(mode)} not supported by driver ${volume.driver} (only supports ${JSON.stringify(spec?.volumeLifecycleModes ?? ['Persistent'])})`;
}
