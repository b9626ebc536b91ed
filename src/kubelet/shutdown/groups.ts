import * as z from 'zod';
import type { Pod } from '../../api/types.ts';
import { KubeletConfigError, parseGoDuration } from '../config/index.ts';

/** Pods of this priority and above, up to the next group's, have so much time to end. */
export interface ShutdownGroup {
  readonly priority: number;
  readonly seconds: number;
}

export interface ShutdownSettings {
  readonly shutdownGracePeriod: string;
  readonly shutdownGracePeriodCriticalPods: string;
  readonly shutdownGracePeriodByPodPriority?: readonly unknown[];
}

const criticalPriority = 2_000_000_000;

const groupsSchema = z.array(
  z.object({ priority: z.int().default(0), shutdownGracePeriodSeconds: z.int().nonnegative().default(0) }),
);

/** The groups, lowest priority first; none: a shutdown is not waited for. Throws a KubeletConfigError. */
export function parseShutdownGroups(settings: ShutdownSettings): readonly ShutdownGroup[] {
  const listed = settings.shutdownGracePeriodByPodPriority ?? [];
  if (listed.length > 0) {
    const parsed = groupsSchema.safeParse(listed);
    if (!parsed.success) {
      throw new KubeletConfigError(`shutdownGracePeriodByPodPriority: ${z.prettifyError(parsed.error)}`);
    }
    return parsed.data
      .map(({ priority, shutdownGracePeriodSeconds }) => ({ priority, seconds: shutdownGracePeriodSeconds }))
      .sort((a, b) => a.priority - b.priority);
  }
  const seconds = (text: string): number => parseGoDuration(text) / 1000;
  const total = seconds(settings.shutdownGracePeriod);
  const critical = seconds(settings.shutdownGracePeriodCriticalPods);
  if (total === 0 || total < critical) return [];
  return [
    { priority: 0, seconds: Math.floor(total - critical) },
    { priority: criticalPriority, seconds: Math.floor(critical) },
  ];
}

export interface PodsToEnd {
  readonly group: ShutdownGroup;
  readonly pods: readonly { readonly pod: Pod; readonly graceSeconds: number }[];
}

/** Which pods end with which group; those below the lowest go with it. A pod that needs less time than its group gets less. */
export function groupPods(groups: readonly ShutdownGroup[], pods: readonly Pod[]): readonly PodsToEnd[] {
  const [lowest] = groups;
  const groupOf = (pod: Pod): ShutdownGroup | undefined =>
    groups.findLast(({ priority }) => priority <= (pod.spec?.priority ?? 0)) ?? lowest;
  return groups
    .map((group) => ({
      group,
      pods: pods
        .filter((pod) => groupOf(pod) === group)
        .map((pod) => ({
          pod,
          graceSeconds: Math.min(group.seconds, pod.spec?.terminationGracePeriodSeconds ?? group.seconds),
        })),
    }))
    .filter((row) => row.pods.length > 0);
}

/** How long a shutdown may be delayed, in milliseconds. */
export const totalMs = (groups: readonly ShutdownGroup[]): number =>
  groups.reduce((sum, { seconds }) => sum + seconds, 0) * 1000;
