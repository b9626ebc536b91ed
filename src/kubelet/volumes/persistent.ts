import type { KubeApi } from '../../api/port.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../api/types.ts';
import { messageOf } from '../../base/errors.ts';
import { nameOf, namespaceOf, uidOf } from '../pod-facts.ts';

/** A claim cannot be followed to a volume: that is looked at again with the pod's next sync, not sooner. */
export class ClaimProblem extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClaimProblem';
  }
}

export interface BoundVolume {
  readonly claim: PersistentVolumeClaim;
  readonly pv: PersistentVolume;
  readonly pvName: string;
  readonly readOnly: boolean;
}

const protection = 'kubernetes.io/pvc-protection';

/** The claim that a volume of the pod stands for: one that it names, or one made for this pod alone. */
export function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.persistentVolumeClaim !== undefined) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral === undefined ? undefined : `${nameOf(pod)}-${volume.name}`;
}

/** Why a claim cannot be used; undefined when it is bound. */
export function findClaimProblem(claim: PersistentVolumeClaim): string | undefined {
  const { deletionTimestamp, finalizers = [] } = claim.metadata ?? {};
  if (deletionTimestamp !== undefined && !finalizers.includes(protection)) return 'PVC is being deleted';
  if (claim.status?.phase !== 'Bound') return 'PVC is not bound';
  return claim.spec?.volumeName ? undefined : 'PVC has empty pvc.Spec.VolumeName';
}

/** Why a volume is not the claim's; undefined when it is. */
export function findBindingProblem(pv: PersistentVolume, claimUid: string): string | undefined {
  const name = pv.metadata?.name ?? '';
  const claimRef = pv.spec?.claimRef;
  if (claimRef === undefined)
    return `found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`;
  if (claimRef.uid === claimUid) return undefined;
  return `found PV object ${name} but its pv.Spec.ClaimRef.UID ${claimRef.uid ?? ''} does not point to claim.UID ${claimUid}`;
}

/** Why the pod cannot have a volume of this mode the way its containers ask for it; undefined when it can. */
export function findModeProblem({ spec }: Pod, name: string, mode: string): string | undefined {
  const containers = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  const isIn = (key: 'volumeMounts' | 'volumeDevices'): boolean =>
    containers.some((container) => (container[key] ?? []).some((use) => use.name === name));
  const wrong = mode === 'Block' ? 'volumeMounts' : 'volumeDevices';
  return isIn(wrong) ? `volume ${name} has volumeMode ${mode}, but is specified in ${wrong}` : undefined;
}

/** A claim of a generic ephemeral volume must have been made for this very pod. */
const isMadeFor = (pod: Pod, claim: PersistentVolumeClaim): boolean =>
  (claim.metadata?.ownerReferences ?? []).some(({ uid, controller }) => controller === true && uid === uidOf(pod));

/** Follows a claim to the volume that it is bound to. Rejects with a ClaimProblem. */
export async function resolveClaim(api: KubeApi, pod: Pod, volume: Volume, claimName: string): Promise<BoundVolume> {
  const namespace = namespaceOf(pod);
  const fail = (problem: string, cause?: unknown): never => {
    throw new ClaimProblem(`error processing PVC ${namespace}/${claimName}: ${problem}`, { cause });
  };
  const claim = await api
    .get<PersistentVolumeClaim>(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claimName}`)
    .catch((error: unknown) => fail(`failed to fetch PVC from API server: ${messageOf(error)}`, error));
  const claimProblem = findClaimProblem(claim);
  if (claimProblem !== undefined) return fail(claimProblem);
  if (volume.ephemeral !== undefined && !isMadeFor(pod, claim)) {
    throw new ClaimProblem(
      `PVC ${namespace}/${claimName} was not created for pod ${namespace}/${nameOf(pod)} (pod is not owner)`,
    );
  }
  const pvName = claim.spec?.volumeName ?? '';
  const pv = await api
    .get<PersistentVolume>(`/api/v1/persistentvolumes/${pvName}`)
    .catch((error: unknown) => fail(`failed to fetch PV ${pvName} from API server: ${messageOf(error)}`, error));
  const bindingProblem = findBindingProblem(pv, claim.metadata?.uid ?? '');
  if (bindingProblem !== undefined) return fail(bindingProblem);
  const modeProblem = findModeProblem(pod, volume.name, pv.spec?.volumeMode ?? 'Filesystem');
  if (modeProblem !== undefined) throw new ClaimProblem(modeProblem);
  return { claim, pv, pvName, readOnly: volume.persistentVolumeClaim?.readOnly === true };
}
