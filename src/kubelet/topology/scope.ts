import type { Pod } from '../../api/types.ts';
import type { RunnableContainer } from '../parts.ts';
import type { Hint } from './hints.ts';
import { type MergeInputs, mergeHints, type TopologyPolicy } from './merge.ts';
import { anywhere, type Granted, granted, type HintProvider } from './provider.ts';

export interface ScopeRules extends Omit<MergeInputs, 'policy'> {
  readonly policy: TopologyPolicy;
  /** What has to lie together: the resources of each container, or those of the whole pod. */
  readonly scope: 'container' | 'pod';
}

const affinityError: Granted = {
  kind: 'refused',
  reason: 'TopologyAffinityError',
  message: 'Resources cannot be allocated with Topology locality',
};

/** Gives each container of the pod, in the order they start, its resources from where the policy wants them. */
export async function placePod(
  pod: Pod,
  providers: readonly HintProvider[],
  { policy, scope, ...machine }: ScopeRules,
): Promise<Granted> {
  const align = (hints: Parameters<typeof mergeHints>[0]): Hint | undefined => {
    if (policy === 'none') return anywhere;
    const alignment = mergeHints(hints, { policy, ...machine });
    return alignment.kind === 'aligned' ? alignment.hint : undefined;
  };
  const whole =
    policy !== 'none' && scope === 'pod' ? align(providers.map((p) => p.podHints(pod, machine.nodes))) : undefined;
  const containers: readonly RunnableContainer[] = [
    ...(pod.spec?.initContainers ?? []),
    ...(pod.spec?.containers ?? []),
  ];
  for (const container of containers) {
    const hint =
      policy === 'none'
        ? anywhere
        : scope === 'pod'
          ? whole
          : align(providers.map((p) => p.hints(pod, container, machine.nodes)));
    if (hint === undefined) return affinityError;
    for (const provider of providers) {
      const answer = await provider.allocate(pod, container, hint);
      if (answer.kind === 'refused') return answer;
    }
  }
  return granted;
}
