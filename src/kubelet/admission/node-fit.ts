import type { Node, Pod } from '../../api/types.ts';
import type { RunnableContainer } from '../parts.ts';
import { isClaimed, isStaticPod, listContainers } from '../pod-facts.ts';
import { milliOf, unitsOf } from '../quantity.ts';
import { computePodAmounts } from '../resources/index.ts';
import { matchesNode } from './node-affinity.ts';

export interface NodeForAdmission {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: NonNullable<NonNullable<Node['spec']>['taints']>;
  readonly allocatable: Readonly<Record<string, string>>;
  /** The runtime can leave out the groups that an image's user has (Node.status.features). */
  readonly supplementalGroupsPolicy: boolean;
}

/** One predicate that the pod fails; of several, the first is what its status says. */
export type Unfit =
  | {
      readonly kind: 'resource';
      readonly resource: string;
      /** How much more there would have to be. */
      readonly missing: number;
      readonly reason: string;
      readonly message: string;
    }
  | { readonly kind: 'predicate'; readonly reason: string; readonly message: string };

const predicate = (name: string, why: string): Unfit => ({
  kind: 'predicate',
  reason: name,
  message: `Predicate ${name} failed: ${why}`,
});

/** Everything that speaks against running the pod on the node beside the others. */
export function findUnfit(pod: Pod, others: readonly Pod[], node: NodeForAdmission): readonly Unfit[] {
  const wantsHere = pod.spec?.nodeName === undefined || pod.spec.nodeName === '' || pod.spec.nodeName === node.name;
  return [
    ...findLacking(pod, others, node.allocatable),
    ...(matchesNode(pod, node.labels, node.name)
      ? []
      : [predicate('NodeAffinity', "node(s) didn't match Pod's node affinity/selector")]),
    ...(wantsHere ? [] : [predicate('NodeName', "node(s) didn't match the requested node name")]),
    ...(hasPortConflict(pod, others)
      ? [predicate('NodePorts', "node(s) didn't have free ports for the requested pod ports")]
      : []),
    ...(isStaticPod(pod) || toleratesNoExecute(pod, node.taints)
      ? []
      : [predicate('TaintToleration', "node(s) had taints that the pod didn't tolerate")]),
  ];
}

const lacking = (resource: string, requested: number, used: number, capacity: number): Unfit => ({
  kind: 'resource',
  resource,
  missing: requested - (capacity - used),
  reason: `OutOf${resource}`,
  message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
});

/** The pod without what it gets from claims: a node need not have that. */
function withoutClaimed(pod: Pod): Pod {
  if (pod.spec === undefined || pod.status?.extendedResourceClaimStatus === undefined) return pod;
  const left = <C extends RunnableContainer>(container: C): C => {
    const requests = Object.entries(container.resources?.requests ?? {});
    const kept = requests.filter(([resource]) => !isClaimed(pod, container.name, resource));
    return { ...container, resources: { ...container.resources, requests: Object.fromEntries(kept) } };
  };
  const { containers, initContainers = [] } = pod.spec;
  return { ...pod, spec: { ...pod.spec, containers: containers.map(left), initContainers: initContainers.map(left) } };
}

function findLacking(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): readonly Unfit[] {
  const found: Unfit[] = [];
  const pods = unitsOf(allocatable.pods);
  if (allocatable.pods !== undefined && others.length + 1 > pods) found.push(lacking('pods', 1, others.length, pods));
  const requests = Object.entries(computePodAmounts(withoutClaimed(pod), 'requests')).filter(
    ([, amount]) => amount > 0,
  );
  if (requests.length === 0) return found;
  const taken = others.map((other) => computePodAmounts(other, 'requests'));
  for (const [resource, requested] of requests) {
    const quantity = allocatable[resource];
    // A resource the node does not know is the cluster's, not the node's, to count.
    if (quantity === undefined) continue;
    const capacity = resource === 'cpu' ? milliOf(quantity) : unitsOf(quantity);
    const used = taken.reduce((sum, amounts) => sum + (amounts[resource] ?? 0), 0);
    if (used + requested > capacity) found.push(lacking(resource, requested, used, capacity));
  }
  return found;
}

interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** An init container is gone before the others start, a sidecar is not. */
const hostPortsOf = (pod: Pod): readonly HostPort[] =>
  listContainers(pod)
    .filter(({ list, container }) => list === 'containers' || container.restartPolicy === 'Always')
    .flatMap(({ container }) => container.ports ?? [])
    .flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort === undefined || hostPort === 0
        ? []
        : [{ ip: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP', port: hostPort }],
    );

function hasPortConflict(pod: Pod, others: readonly Pod[]): boolean {
  const wanted = hostPortsOf(pod);
  if (wanted.length === 0) return false;
  const taken = others.flatMap(hostPortsOf);
  return wanted.some((a) =>
    taken.some(
      (b) =>
        a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0'),
    ),
  );
}

function toleratesNoExecute(pod: Pod, taints: NodeForAdmission['taints']): boolean {
  const tolerations = pod.spec?.tolerations ?? [];
  return taints
    .filter(({ effect }) => effect === 'NoExecute')
    .every((taint) =>
      tolerations.some(({ key, operator, value, effect }) => {
        if (effect && effect !== taint.effect) return false;
        if (key && key !== taint.key) return false;
        return operator === 'Exists' || (value ?? '') === (taint.value ?? '');
      }),
    );
}
