import type { KubeApi } from '../../api/port.ts';
import type { Pod } from '../../api/types.ts';

interface Claim {
  readonly metadata?: { readonly uid?: string; readonly deletionTimestamp?: string };
  readonly spec?: { readonly volumeName?: string; readonly volumeMode?: string };
  readonly status?: { readonly phase?: string };
}

interface PersistentVolume {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly claimRef?: { readonly uid?: string };
    readonly accessModes?: readonly string[];
    readonly hostPath?: { readonly path: string; readonly type?: string };
    readonly local?: { readonly path: string };
    readonly nfs?: { readonly server: string; readonly path: string; readonly readOnly?: boolean };
    readonly [source: string]: unknown;
  };
}

export type PersistentSource =
  | { readonly kind: 'hostPath'; readonly path: string; readonly type: string; readonly pvName: string }
  | { readonly kind: 'local'; readonly path: string; readonly pvName: string };

/** Follows a claim to the volume that it is bound to. Rejects with the reason why it cannot be used. */
export async function resolveClaim(api: KubeApi, pod: Pod, claimName: string): Promise<PersistentSource> {
  const namespace = pod.metadata?.namespace ?? '';
  const where = `${namespace}/${claimName}`;
  const claim = await api.get<Claim>(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claimName}`);
  if (claim.metadata?.deletionTimestamp !== undefined)
    throw new Error(`error processing PVC ${where}: PVC is being deleted`);
  const volumeName = claim.spec?.volumeName;
  if (claim.status?.phase !== 'Bound' || !volumeName)
    throw new Error(`error processing PVC ${where}: PVC is not bound`);
  const volume = await api.get<PersistentVolume>(`/api/v1/persistentvolumes/${volumeName}`);
  if (volume.spec?.claimRef?.uid !== claim.metadata?.uid) {
    throw new Error(
      `error processing PVC ${where}: PVC UID does not match the claim reference of volume ${volumeName}`,
    );
  }
  if (volume.spec?.hostPath !== undefined) {
    return {
      kind: 'hostPath',
      path: volume.spec.hostPath.path,
      type: volume.spec.hostPath.type ?? '',
      pvName: volumeName,
    };
  }
  if (volume.spec?.local !== undefined) return { kind: 'local', path: volume.spec.local.path, pvName: volumeName };
  throw new Error(
    `error processing PVC ${where}: volumes of this kind are not supported by this kubelet: ${Object.keys(volume.spec ?? {}).join(', ')}`,
  );
}
