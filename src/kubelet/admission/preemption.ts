import type { Pod } from '../../api/types.ts';
import { isCriticalPod } from '../pod-facts.ts';
import { computePodAmounts, computeQosClass, type QosClass } from '../resources/index.ts';

/** How much of a resource is missing: thousandths for `cpu`, whole units otherwise; `pods` counts pods. */
export interface Missing {
  readonly resource: string;
  readonly amount: number;
}

export type Preemption =
  | { readonly kind: 'victims'; readonly victims: readonly Pod[] }
  | { readonly kind: 'impossible'; readonly because: string };

const requestOf = (pod: Pod, resource: string): number =>
  resource === 'pods' ? 1 : (computePodAmounts(pod, 'requests')[resource] ?? 0);

/** Whether the one may take the place of the other. */
function mayPreempt(pod: Pod, other: Pod): boolean {
  if (isCriticalPod(pod) && !isCriticalPod(other)) return true;
  const [own, theirs] = [pod.spec?.priority, other.spec?.priority];
  return own !== undefined && theirs !== undefined && own > theirs;
}

const stillMissing = (missing: readonly Missing[], without: readonly Pod[]): readonly Missing[] =>
  missing.flatMap(({ resource, amount }) => {
    const left = without.reduce((rest, pod) => rest - requestOf(pod, resource), amount);
    return left > 0 ? [{ resource, amount: left }] : [];
  });

/** How far the pod's end leaves one from having enough; each resource weighs the same. */
const distance = (pod: Pod, missing: readonly Missing[]): number =>
  missing.reduce((sum, { resource, amount }) => {
    const left = Math.max(0, amount - requestOf(pod, resource));
    return sum + (left / amount) ** 2;
  }, 0);

function bySize(a: Pod, b: Pod): number {
  return requestOf(a, 'memory') - requestOf(b, 'memory') || requestOf(a, 'cpu') - requestOf(b, 'cpu');
}

/** Few pods, and small ones, that together give back what is missing. */
function choose(pods: readonly Pod[], missing: readonly Missing[]): readonly Pod[] {
  const [best] = [...pods].sort((a, b) => distance(a, missing) - distance(b, missing) || bySize(a, b));
  if (missing.length === 0 || best === undefined) return [];
  const rest = pods.filter((pod) => pod !== best);
  return [best, ...choose(rest, stillMissing(missing, [best]))];
}

/**
 * Which pods have to end for a critical one. Those with guaranteed resources go only for what all the others together
 * could not give back, and so on down to best-effort pods.
 */
export function decidePreemption(pod: Pod, others: readonly Pod[], missing: readonly Missing[]): Preemption {
  const candidates = others.filter((other) => mayPreempt(pod, other));
  const short = stillMissing(missing, candidates);
  if (short.length > 0) {
    const list = short.map(({ resource, amount }) => `(res: ${resource}, q: ${amount}), `).join('');
    return { kind: 'impossible', because: `no set of running pods found to reclaim resources: [${list}]` };
  }
  const of = (qos: QosClass) => candidates.filter((candidate) => computeQosClass(candidate) === qos);
  const [bestEffort, burstable, guaranteed] = [of('BestEffort'), of('Burstable'), of('Guaranteed')];
  const guaranteedVictims = choose(guaranteed, stillMissing(missing, [...bestEffort, ...burstable]));
  const burstableVictims = choose(burstable, stillMissing(missing, [...bestEffort, ...guaranteedVictims]));
  const bestEffortVictims = choose(bestEffort, stillMissing(missing, [...burstableVictims, ...guaranteedVictims]));
  return { kind: 'victims', victims: [...bestEffortVictims, ...burstableVictims, ...guaranteedVictims] };
}
