import { realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Pod, Volume } from '../../api/types.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { NotAttachedYet } from '../csi/index.ts';
import type { MountedVolume, VolumeManager } from '../parts.ts';
import { podReference, uidOf } from '../pod-facts.ts';
import { systemErrorText } from '../system-error-text.ts';
import { PersistentVolumeProblem } from './claim-volume.ts';
import { ClaimProblem } from './persistent.ts';
import { passesByItself, volumeRetries } from './retry.ts';
import { isRefreshed, type SetUpOptions, setUpVolume } from './set-up.ts';
import { releaseSubPaths, tearDown } from './tear-down.ts';

export { kernelMounts, type MountTable, supportsNoswap } from './mount-table.ts';
export { subPathTarget } from './paths.ts';

export interface VolumeManagerOptions extends Omit<SetUpOptions, 'onSlowOwnership' | 'onRefusedOwnership'> {
  readonly journal: Journal;
}

export interface HurriedVolumeManager extends VolumeManager {
  /** An object that the pod refers to has changed: volumes that failed are tried again at once. */
  hurry(uid: string): void;
  /** The pod's volumes that are ready, by the pod's names for them. */
  mountedOf(uid: string): ReadonlyMap<string, MountedVolume>;
}

/** How long a pod's start waits for its volumes before the sync fails and begins anew. */
const mountTimeoutMs = 123_000;
const refreshPatienceMs = 1000;
const busyTries = 10;
const busyPauseMs = 100;

/** Sets up, refreshes and removes the volumes of pods. */
export function volumeManager(given: VolumeManagerOptions): HurriedVolumeManager {
  const { clock, journal, mounts } = given;
  // The mount table knows real paths only.
  const rootDir = realpathSync(given.rootDir);
  const retries = volumeRetries(clock);
  /** Volumes that are ready, by pod and name. */
  const ready = new Map<string, Map<string, MountedVolume>>();
  /** Refreshes under way, by pod and volume. */
  const refreshing = new Map<string, Promise<void>>();
  const options: SetUpOptions = {
    ...given,
    rootDir,
    onSlowOwnership: (pod, folder, files) =>
      journal.write({ kind: 'volume.ownershipSlow', object: podReference(pod), folder, files }),
    onRefusedOwnership: (change, path, error) =>
      journal.write({ kind: 'volume.ownershipRefused', change, path, error: messageOf(error) }),
  };

  /** Where a volume of a driver lies is `<name>/mount`. */
  const isRepublished = (uid: string, { hostPath }: MountedVolume): boolean =>
    given.csi?.isRepublished(uid, basename(dirname(hostPath))) === true;

  /** The claim is looked at with each sync: its volume may have grown. */
  const isExpandable = (uid: string, { hostPath }: MountedVolume): boolean =>
    given.csi?.isExpandable(uid, basename(dirname(hostPath))) === true;

  const isReady = (pod: Pod, volume: Volume): MountedVolume | undefined => ready.get(uidOf(pod))?.get(volume.name);

  function setReady(pod: Pod, volume: Volume, mounted: MountedVolume, ms: number): void {
    const uid = uidOf(pod);
    retries.succeeded(uid, volume.name);
    journal.write({ kind: 'volume.mounted', object: podReference(pod), volume: volume.name, ms });
    if (mounted.device) {
      const { hostPath } = mounted;
      journal.write({
        kind: 'volume.mapped',
        object: podReference(pod),
        volume: basename(hostPath),
        folder: dirname(hostPath),
      });
    }
    const volumes = ready.get(uid) ?? new Map<string, MountedVolume>();
    volumes.set(volume.name, mounted);
    ready.set(uid, volumes);
  }

  function tellFailure(pod: Pod, volume: Volume, error: unknown): void {
    if (error instanceof NotAttachedYet) {
      const { message: reason } = error;
      journal.write({ kind: 'volume.notAttached', object: podReference(pod), volume: volume.name, reason });
      return;
    }
    const isPersistent = error instanceof PersistentVolumeProblem;
    journal.write({
      kind: 'volume.failed',
      object: podReference(pod),
      operation: isPersistent ? error.operation : 'MountVolume.SetUp failed',
      volume: isPersistent ? error.pvName : volume.name,
      reason: systemErrorText(error),
    });
  }

  /** Brings a volume that is in use up to date. Never rejects: what was there before is still good. */
  async function refresh(pod: Pod, volume: Volume): Promise<void> {
    const uid = uidOf(pod);
    if (!retries.isDue(uid, volume.name)) return;
    try {
      await setUpVolume(pod, volume, options);
      retries.succeeded(uid, volume.name);
    } catch (error) {
      tellFailure(pod, volume, error);
      retries.failed(uid, volume.name);
    }
  }

  /** One refresh of a volume at a time; the pod's sync does not wait for a slow one. */
  async function refreshSoon(pod: Pod, volume: Volume): Promise<void> {
    const key = `${uidOf(pod)}/${volume.name}`;
    const running =
      refreshing.get(key) ??
      refresh(pod, volume).finally(() => {
        refreshing.delete(key);
      });
    refreshing.set(key, running);
    const done = new AbortController();
    const patience = clock.sleep(refreshPatienceMs, done.signal).catch(() => undefined);
    await Promise.race([running, patience]);
    done.abort();
  }

  const refreshesOf = (uid: string): readonly Promise<void>[] =>
    [...refreshing].flatMap(([key, running]) => (key.startsWith(`${uid}/`) ? [running] : []));

  async function setUpPatiently(pod: Pod, volume: Volume, signal: AbortSignal): Promise<MountedVolume> {
    const uid = uidOf(pod);
    const known = isReady(pod, volume);
    if (known !== undefined) {
      if (isRefreshed(volume) || isRepublished(uid, known) || isExpandable(uid, known)) await refreshSoon(pod, volume);
      return known;
    }
    const startedAt = clock.now();
    for (;;) {
      await retries.due(uid, volume.name, signal);
      try {
        const mounted = await setUpVolume(pod, volume, options);
        setReady(pod, volume, mounted, clock.now() - startedAt);
        return mounted;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ClaimProblem) throw error;
        if (!passesByItself(messageOf(error), clock.now() - startedAt)) tellFailure(pod, volume, error);
        if (retries.failed(uid, volume.name) > startedAt + mountTimeoutMs) throw error;
      }
    }
  }

  /** The kernel may hold a place for a moment after it was unmounted. */
  async function tearDownPatiently(uid: string): Promise<number> {
    for (let tries = 1; ; tries += 1) {
      try {
        await given.csi?.tearDown(uid, () => releaseSubPaths(rootDir, uid, mounts));
        return await tearDown(rootDir, uid, mounts);
      } catch (error) {
        if (codeOf(error) !== 'EBUSY' || tries === busyTries) throw error;
        await clock.sleep(busyPauseMs);
      }
    }
  }

  return {
    async mount(pod, signal) {
      const volumes = pod.spec?.volumes ?? [];
      if (volumes.length === 0) return new Map();
      // A claim that leads nowhere ends the wait for the other volumes.
      const enough = new AbortController();
      const either = AbortSignal.any([signal, enough.signal]);
      const results = await Promise.allSettled(
        volumes.map((volume) =>
          setUpPatiently(pod, volume, either).catch((error: unknown) => {
            if (error instanceof ClaimProblem) enough.abort(error);
            throw error;
          }),
        ),
      );
      signal.throwIfAborted();
      const mounted = new Map<string, MountedVolume>();
      const failed: string[] = [];
      for (const [i, { name }] of volumes.entries()) {
        const result = results[i];
        if (result?.status === 'fulfilled') mounted.set(name, result.value);
        else failed.push(name);
      }
      if (failed.length === 0) return mounted;
      throw failureOf(pod, volumes, failed, results);
    },
    async unmount(uid) {
      await Promise.all(refreshesOf(uid));
      const unmounted = await tearDownPatiently(uid);
      if (unmounted > 0 || ready.has(uid)) journal.write({ kind: 'volume.unmounted', podUid: uid, mounts: unmounted });
      ready.delete(uid);
      retries.forget(uid);
    },
    hurry: (uid) => retries.hurry(uid),
    mountedOf: (uid) => ready.get(uid) ?? new Map(),
  };

  function failureOf(
    pod: Pod,
    volumes: readonly Volume[],
    failed: readonly string[],
    results: readonly PromiseSettledResult<unknown>[],
  ): Error {
    const claims = results.flatMap((result, i) =>
      result.status === 'rejected' && result.reason instanceof ClaimProblem
        ? [{ name: volumes[i]?.name ?? '', text: result.reason.message }]
        : [],
    );
    const unprocessed = claims.map(({ name }) => name);
    const why = claims.length === 0 ? 'context deadline exceeded' : claims.map(({ text }) => text).join(', ');
    const text = `unmounted volumes=[${failed.join(' ')}], unattached volumes=[], failed to process volumes=[${unprocessed.join(' ')}]: ${why}`;
    if (claims.length > 0) journal.write({ kind: 'volume.unprocessed', object: podReference(pod), reason: text });
    return new Error(text);
  }
}

/** Lets mounts below the kubelet's root reach the containers that share it. Never rejects: most pods do without. */
export async function shareRootFolder(
  rootDir: string,
  { mounts, journal }: Pick<VolumeManagerOptions, 'mounts' | 'journal'>,
): Promise<void> {
  try {
    await mounts.share(realpathSync(rootDir));
  } catch (error) {
    journal.write({ kind: 'volume.shareFailed', folder: rootDir, error: messageOf(error) });
  }
}
