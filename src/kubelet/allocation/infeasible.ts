import type { Pod } from '../../api/types.ts';
import { compareQuantities } from '../quantity.ts';
import { computeQosClass } from '../resources/index.ts';
import { sameRequirements } from './resource-state.ts';

/** What of the kubelet's configuration rules resizes out. */
export interface ResizeRules {
  /** Gate InPlacePodVerticalScaling. */
  readonly enabled: boolean;
  /** Gate InPlacePodLevelResourcesVerticalScaling. */
  readonly podLevel: boolean;
  /** Guaranteed pods hold CPUs, or memory, of their own, which are handed out once. */
  readonly exclusiveCpus: boolean;
  readonly exclusiveMemory: boolean;
}

/** A resize that the node as it is set up will never grant. */
export interface Infeasible {
  /** In one word, for the metric. */
  readonly detail: string;
  readonly message: string;
}

/** Why the pod cannot come from what it was granted to what it asks for, however much room there is; undefined: it can. */
export function findInfeasible(wanted: Pod, granted: Pod, rules: ResizeRules): Infeasible | undefined {
  if (!rules.enabled) return { detail: 'feature_gate_off', message: 'InPlacePodVerticalScaling is disabled' };
  if (!rules.podLevel && !sameRequirements(wanted.spec?.resources, granted.spec?.resources)) {
    return { detail: 'plr_feature_gate_off', message: 'InPlacePodLevelResourcesVerticalScaling is disabled' };
  }
  if (computeQosClass(wanted) !== 'Guaranteed') return undefined;
  const exclusive = (manager: 'CPU' | 'Memory'): Infeasible => ({
    detail: `guaranteed_pod_${manager.toLowerCase()}_manager_static_policy`,
    message: `Resize is infeasible for Guaranteed Pods alongside ${manager} Manager policy "${manager === 'CPU' ? 'static' : 'Static'}"`,
  });
  if (rules.exclusiveCpus && asksForOther(wanted, granted, 'cpu')) return exclusive('CPU');
  if (rules.exclusiveMemory && asksForOther(wanted, granted, 'memory')) return exclusive('Memory');
  return undefined;
}

const requestsOf = (pod: Pod, resource: string): readonly string[] =>
  [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].map(
    ({ resources }) => resources?.requests?.[resource] ?? '0',
  );

function asksForOther(wanted: Pod, granted: Pod, resource: string): boolean {
  const before = requestsOf(granted, resource);
  return requestsOf(wanted, resource).some((amount, i) => compareQuantities(amount, before[i] ?? '0') !== 0);
}
