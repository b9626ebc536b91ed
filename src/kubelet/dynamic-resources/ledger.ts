import { readFileSync } from 'node:fs';
import type { Pod, ResourceClaim } from '../../api/types.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { writeFileAtOnce } from '../checkpoint.ts';
import { namespaceOf, uidOf } from '../pod-facts.ts';
import { parseClaims, renderClaims } from './checkpoint.ts';
import { driversOf } from './claims.ts';
import { type ClaimInUse, keyOf } from './prepared.ts';

/** Who uses which claims, on disk too; begins with what an earlier run left and throws when that cannot be read. */
export function claimLedger(path: string, journal: Journal) {
  const inUse = new Map(restore().map((claim) => [keyOf(claim.namespace, claim.name), claim]));
  /** By UID: every driver of theirs has answered in this run. */
  const prepared = new Set<string>();
  /** By UID: being given back, so that no pod can have them any more. */
  const leaving = new Set<string>();
  let writing: Promise<void> = Promise.resolve();

  function restore(): readonly ClaimInUse[] {
    try {
      return parseClaims(readFileSync(path, 'utf8'));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw new Error(
        `create ResourceClaim cache: ${path}: ${messageOf(error)}; drain the node and remove the file to start anew`,
        { cause: error },
      );
    }
  }

  /** Resolves when the file is what the claims are now: only then may drivers act on it. */
  async function save(): Promise<void> {
    const text = renderClaims(inUse.values());
    writing = writing.catch(() => undefined).then(() => writeFileAtOnce(path, text));
    await writing.catch((error: unknown) => {
      throw new Error(`checkpoint ResourceClaim state: ${messageOf(error)}`, { cause: error });
    });
    const counts = new Map<string, number>();
    const ready = [...inUse.values()].filter(({ uid }) => prepared.has(uid));
    for (const driver of ready.flatMap((claim) => [...claim.drivers.keys()]))
      counts.set(driver, (counts.get(driver) ?? 0) + 1);
    journal.write({ kind: 'dynamic.claimsInUse', all: ready.length, byDriver: Object.fromEntries(counts) });
  }

  const update = (claim: ClaimInUse): void => void inUse.set(keyOf(claim.namespace, claim.name), claim);

  /** Notes that the pod uses the claim, before any driver is told to act. */
  function book(pod: Pod, claim: ResourceClaim): ClaimInUse {
    const { uid = '', name = '' } = claim.metadata ?? {};
    const known = inUse.get(keyOf(namespaceOf(pod), name));
    if (known !== undefined && known.uid !== uid)
      throw new Error(
        `old ResourceClaim with same name ${name} and different UID ${known.uid} still exists (previous pod force-deleted?!)`,
      );
    if (leaving.has(uid)) throw new Error(`ResourceClaim ${name} is being unprepared`);
    const fresh = { uid, name, namespace: namespaceOf(pod), podUids: new Set<string>() };
    const base = known ?? { ...fresh, drivers: new Map(driversOf(claim).map((driver) => [driver, []])) };
    const booked = { ...base, podUids: new Set([...base.podUids, uidOf(pod)]) };
    update(booked);
    return booked;
  }

  return { inUse, prepared, leaving, update, save, book };
}
