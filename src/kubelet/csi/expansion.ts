import type { KubeApi } from '../../api/port.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types.ts';
import { GrpcError } from '../../cri/grpc-status.ts';
import { compareQuantities, unitsOf } from '../quantity.ts';

/** What a claim wants of the node. */
export type Expansion =
  | { readonly action: 'none'; readonly because: string }
  /** `size` as the volume's object has it. */
  | { readonly action: 'expand'; readonly size: string; readonly bytes: bigint };

const none = (because: string): Expansion => ({ action: 'none', because });

/**
 * Whether the node must grow the file system of a claim's volume: the volume's object has grown, and the claim's
 * status has not followed. What the driver called infeasible is left alone until the controller decides anew.
 */
export function decideExpansion(claim: PersistentVolumeClaim, pv: PersistentVolume, readOnly: boolean): Expansion {
  const size = pv.spec?.capacity?.storage;
  const shown = claim.status?.capacity?.storage;
  if (size === undefined || shown === undefined) return none('its size is not known');
  if (readOnly) return none('the pod only reads it');
  const state = claim.status?.allocatedResourceStatuses?.storage;
  if (state === 'NodeResizeInfeasible') return none('the driver called it infeasible');
  if (state?.startsWith('ControllerResize') === true) return none('the controller is not done with it');
  if (compareQuantities(shown, size) >= 0 && state === undefined) return none('it has its size');
  return { action: 'expand', size, bytes: BigInt(unitsOf(size)) };
}

const infeasible: ReadonlySet<string> = new Set(['FailedPrecondition', 'InvalidArgument', 'OutOfRange', 'NotFound']);

/** What the claim's status says after the driver refused: whether another try can help. */
export const stateAfter = (error: unknown): 'NodeResizeInfeasible' | 'NodeResizePending' =>
  error instanceof GrpcError && infeasible.has(error.code) ? 'NodeResizeInfeasible' : 'NodeResizePending';

const resizing: ReadonlySet<string> = new Set([
  'Resizing',
  'FileSystemResizePending',
  'ControllerResizeError',
  'NodeResizeError',
]);

/** The merge patch for a claim whose volume has grown. */
export function renderFinished({ metadata, status }: PersistentVolumeClaim, size: string): object {
  const states = Object.keys(status?.allocatedResourceStatuses ?? {}).length > 0;
  return {
    metadata: { uid: metadata?.uid },
    status: {
      capacity: { storage: size },
      conditions: (status?.conditions ?? []).filter(({ type }) => !resizing.has(type)),
      ...(states ? { allocatedResourceStatuses: { storage: null } } : {}),
    },
  };
}

/** The merge patch for a claim whose volume is being grown, or did not grow. */
export const renderState = ({ metadata }: PersistentVolumeClaim, state: string): object => ({
  metadata: { uid: metadata?.uid },
  status: { allocatedResourceStatuses: { storage: state } },
});

/**
 * Grows a volume if its claim wants that, and tells the claim. Answers whether it grew. Rejects with the driver's
 * error, which the claim's status then shows, or with the API's.
 */
export async function expandForClaim(
  api: KubeApi,
  claim: PersistentVolumeClaim,
  wanted: Expansion,
  expand: (bytes: bigint) => Promise<void>,
): Promise<boolean> {
  if (wanted.action === 'none') return false;
  const { namespace = '', name = '' } = claim.metadata ?? {};
  const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}/status`;
  const tell = (body: object): Promise<unknown> => api.patch(path, 'merge', body);
  await tell(renderState(claim, 'NodeResizeInProgress'));
  try {
    await expand(wanted.bytes);
  } catch (error) {
    await tell(renderState(claim, stateAfter(error)));
    throw error;
  }
  // The state was written above, so it is there to be removed whatever the claim said before.
  const told = {
    ...claim,
    status: { ...claim.status, allocatedResourceStatuses: { storage: 'NodeResizeInProgress' } },
  };
  await tell(renderFinished(told, wanted.size));
  return true;
}
