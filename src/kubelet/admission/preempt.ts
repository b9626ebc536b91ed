import type { Pod } from '../../api/types.ts';
import type { Journal } from '../../journal/journal.ts';
import { logNameOf, podReference, uidOf } from '../pod-facts.ts';
import type { PodWorkers } from '../workers/index.ts';

const message = 'Preempted in order to admit critical pod';

/** Ends pods, one after the other, so that a critical one has room; resolves when all have ended or ought to have. */
export function preemptor({
  journal,
  workers,
}: {
  readonly journal: Journal;
  readonly workers: Pick<PodWorkers, 'kill'>;
}): (pod: Pod, room: { readonly victims: readonly Pod[]; readonly resource: string }) => Promise<void> {
  return async (pod, { victims, resource }) => {
    for (const victim of victims) {
      const because = `${logNameOf(pod)} is critical, and there is not enough ${resource}`;
      journal.write({
        kind: 'eviction.preempting',
        object: podReference(victim),
        by: logNameOf(pod),
        resource,
        because,
      });
      const generation = victim.metadata?.generation;
      await workers.kill(uidOf(victim), {
        because,
        status: {
          phase: 'Failed',
          reason: 'Preempting',
          message,
          condition: {
            type: 'DisruptionTarget',
            status: 'True',
            reason: 'TerminationByKubelet',
            message: 'Pod was preempted by Kubelet to accommodate a critical pod.',
            ...(generation === undefined ? {} : { observedGeneration: generation }),
          },
        },
      });
    }
  };
}
