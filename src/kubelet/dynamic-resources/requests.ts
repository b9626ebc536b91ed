import type { Claim } from '../../cri/generated/dra.ts';
import type { ClaimInUse } from './prepared.ts';

/** A claim as drivers are asked about it. */
export const asRequest = ({ namespace, uid, name }: ClaimInUse): Claim => ({ namespace, uid, name });

/** The claims that each driver has a part in. */
export function byDriver(claims: readonly ClaimInUse[]): ReadonlyMap<string, readonly ClaimInUse[]> {
  const grouped = new Map<string, ClaimInUse[]>();
  for (const claim of claims)
    for (const driver of claim.drivers.keys()) grouped.set(driver, [...(grouped.get(driver) ?? []), claim]);
  return grouped;
}

/** What a driver's answer to a call lacks or complains about; undefined: all is done. */
export function findAnswerProblem(
  method: string,
  asked: readonly ClaimInUse[],
  answers: Readonly<Record<string, { readonly error: string }>>,
): string | undefined {
  for (const [uid, { error }] of Object.entries(answers)) {
    const claim = asked.find((candidate) => candidate.uid === uid);
    if (claim === undefined) return `${method} returned result for unknown claim UID ${uid}`;
    if (error !== '') return `${method} failed for ResourceClaim ${claim.name}: ${error}`;
  }
  const skipped = asked.length - Object.keys(answers).length;
  return skipped === 0 ? undefined : `${method} skipped ${skipped} ResourceClaims`;
}
