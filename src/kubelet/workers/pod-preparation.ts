import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { MountedVolumes, PodCgroups, RuntimeState, VolumeManager } from '../parts.ts';
import { isHostNetwork, podReference, uidOf } from '../pod-facts.ts';
import { NetworkNotReady } from './worker.ts';

export interface PodPreparationOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly volumes: VolumeManager;
  readonly cgroups: Pick<PodCgroups, 'ensurePod'>;
  readonly runtimeState: Pick<RuntimeState, 'networkError'>;
  readonly rootDir: string;
}

/** What a pod needs of the node before its containers can be. */
export interface PodPreparation {
  /** Throws NetworkNotReady. */
  requireNetwork(pod: Pod): void;
  /** Its cgroup, its folders, its volumes. Rejects with the first problem, after its Event was written. */
  prepare(pod: Pod, signal: AbortSignal): Promise<MountedVolumes>;
  /** What the pod's volumes are made of has changed: they are set up anew the next time. */
  volumesChanged(uid: string): void;
}

/** Shorter than the time between two syncs, so that each of those refreshes them. */
const volumesFreshMs = 45_000;

/** Prepares the node for pods. */
export function podPreparation(options: PodPreparationOptions): PodPreparation {
  const { clock, journal, volumes } = options;
  const mounts = new Map<string, { readonly pod: Pod; readonly at: Instant; readonly volumes: MountedVolumes }>();

  async function ensureCgroup(pod: Pod): Promise<void> {
    try {
      await options.cgroups.ensurePod(pod);
    } catch (error) {
      journal.write({ kind: 'pod.cgroupFailed', object: podReference(pod), error: messageOf(error) });
      throw error;
    }
  }

  async function makeFolders(pod: Pod): Promise<void> {
    const root = join(options.rootDir, 'pods', uidOf(pod));
    try {
      await mkdir(root, { recursive: true, mode: 0o750 });
      await Promise.all(
        ['volumes', 'plugins'].map((name) => mkdir(join(root, name), { recursive: true, mode: 0o750 })),
      );
    } catch (error) {
      journal.write({ kind: 'pod.dirsFailed', object: podReference(pod), error: messageOf(error) });
      throw error;
    }
  }

  /** Volumes are set up anew for a new version of the pod, when their objects changed, and now and then. */
  async function mountVolumes(pod: Pod, signal: AbortSignal): Promise<MountedVolumes> {
    const before = mounts.get(uidOf(pod));
    if (before?.pod === pod && clock.now() - before.at < volumesFreshMs) return before.volumes;
    const at = clock.now();
    const mounted = await volumes.mount(pod, signal);
    mounts.set(uidOf(pod), { pod, at, volumes: mounted });
    return mounted;
  }

  function requireNetwork(pod: Pod): void {
    const error = isHostNetwork(pod) ? undefined : options.runtimeState.networkError();
    if (error === undefined) return;
    journal.write({ kind: 'pod.networkNotReady', object: podReference(pod), error });
    throw new NetworkNotReady(`network is not ready: ${error}`);
  }

  return {
    requireNetwork,
    async prepare(pod, signal) {
      await Promise.all([ensureCgroup(pod), makeFolders(pod)]);
      return mountVolumes(pod, signal);
    },
    volumesChanged: (uid) => void mounts.delete(uid),
  };
}
