import type { Pod, PodSpec, ResourceRequirements } from '../../api/types.ts';
import { compareQuantities, isZeroQuantity } from '../quantity.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** Only these decide the class. */
const decisive = ['cpu', 'memory'] as const;

const set = (list: ResourceRequirements['limits'], name: string): string | undefined => {
  const value = list?.[name];
  return value === undefined || isZeroQuantity(value) ? undefined : value;
};

/**
 * The pod's QoS class, from the requests and limits of all its regular and init containers; resources given for
 * the pod as a whole decide alone.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
 */
export function computeQosClass(pod: Pod): QosClass {
  const spec = pod.spec;
  const holders = podLevelResources(spec) ?? containerResources(spec);
  const anySet = holders.some((r) => decisive.some((name) => set(r?.requests, name) ?? set(r?.limits, name)));
  if (!anySet) return 'BestEffort';
  const guaranteed = holders.every((r) =>
    decisive.every((name) => {
      const limit = set(r?.limits, name);
      const request = set(r?.requests, name) ?? limit;
      return limit !== undefined && request !== undefined && compareQuantities(request, limit) === 0;
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function podLevelResources(spec: PodSpec | undefined): readonly ResourceRequirements[] | undefined {
  const resources = spec?.resources;
  const given = decisive.some((name) => resources?.requests?.[name] ?? resources?.limits?.[name]);
  return given && resources !== undefined ? [resources] : undefined;
}

const containerResources = (spec: PodSpec | undefined): readonly (ResourceRequirements | undefined)[] =>
  [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ resources }) => resources);
