import type { Container, Pod, ResourceRequirements } from '../../api/types.ts';
import { isZeroQuantity, milliOf, unitsOf } from '../quantity.ts';
import type { PodTotals } from './cgroup-settings.ts';

type Side = 'requests' | 'limits';

/** A number for each resource: thousandths for `cpu`, whole units otherwise. */
export type ResourceAmounts = Readonly<Record<string, number>>;

const amountsOf = (list: Readonly<Record<string, string>> | undefined): ResourceAmounts =>
  Object.fromEntries(
    Object.entries(list ?? {}).map(([name, value]) => [name, name === 'cpu' ? milliOf(value) : unitsOf(value)]),
  );

const combine = (a: ResourceAmounts, b: ResourceAmounts, join: (x: number, y: number) => number): ResourceAmounts =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => [name, join(a[name] ?? 0, b[name] ?? 0)]),
  );
const plus = (a: ResourceAmounts, b: ResourceAmounts) => combine(a, b, (x, y) => x + y);
const atLeast = (a: ResourceAmounts, b: ResourceAmounts) => combine(a, b, Math.max);

/** The limits that hold for a container: its own, and the pod's where it has none. */
export function limitsInEffect(
  pod: ResourceRequirements | undefined,
  container: ResourceRequirements | undefined,
): Readonly<Record<string, string>> {
  const own = Object.entries(container?.limits ?? {}).filter(
    ([name, value]) => !isZeroQuantity(value) || pod?.limits?.[name] === undefined,
  );
  return { ...pod?.limits, ...Object.fromEntries(own) };
}

/**
 * What a pod needs at its most: the regular containers and sidecars together, or an init container beside the
 * sidecars that started before it, whichever is more; then its overhead. Resources of the pod as a whole win.
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 */
export function computePodAmounts(pod: Pod, side: Side): ResourceAmounts {
  const own = (container: Container) => amountsOf(container.resources?.[side]);
  let sidecars: ResourceAmounts = {};
  let initPeak: ResourceAmounts = {};
  for (const container of pod.spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') sidecars = plus(sidecars, own(container));
    else initPeak = atLeast(initPeak, plus(sidecars, own(container)));
  }
  const running = (pod.spec?.containers ?? []).map(own).reduce(plus, sidecars);
  const needed = { ...atLeast(running, initPeak), ...amountsOf(pod.spec?.resources?.[side]) };
  const overhead = amountsOf(pod.spec?.overhead);
  const counted =
    side === 'requests' ? overhead : Object.fromEntries(Object.entries(overhead).filter(([name]) => name in needed));
  return plus(needed, counted);
}

/** The pod's totals as its cgroup needs them: a limit only where every container has one. */
export function computePodTotals(pod: Pod): PodTotals {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const allLimit = (name: string): boolean =>
    pod.spec?.resources?.limits?.[name] !== undefined ||
    containers.every(({ resources }) => unitsOf(resources?.limits?.[name]) > 0);
  const limits = computePodAmounts(pod, 'limits');
  const requests = computePodAmounts(pod, 'requests');
  return {
    cpuRequest: requests.cpu ?? limits.cpu ?? 0,
    cpuLimit: allLimit('cpu') ? limits.cpu : undefined,
    memoryLimit: allLimit('memory') ? limits.memory : undefined,
    hugePages: Object.fromEntries(Object.entries(requests).filter(([name]) => name.startsWith('hugepages-'))),
  };
}
