import type { Pod } from '../../api/types.ts';
import { decidePressureAdmission, type NodeCondition } from '../eviction/index.ts';
import type { NodeFacts } from '../parts.ts';
import { isCriticalPod, listContainers } from '../pod-facts.ts';
import { unitsOf } from '../quantity.ts';
import { findUnfit, type NodeForAdmission, type Unfit } from './node-fit.ts';
import { decidePreemption } from './preemption.ts';
import { findForbiddenSysctl } from './sysctls.ts';

export { decideWithFreshLabels } from './fresh-labels.ts';
export { matchesTerms } from './node-affinity.ts';
export { preemptor } from './preempt.ts';
export { safeSysctlsOf } from './sysctls.ts';

export type AdmissionVerdict =
  | {
      readonly admitted: true;
      /** Pods that have to end first, to make room. */
      readonly preempting?: { readonly victims: readonly Pod[]; readonly resource: string };
    }
  | { readonly admitted: false; readonly reason: string; readonly message: string };

export interface AdmissionInputs {
  readonly node: NodeForAdmission;
  /** Safe sysctls and those the administrator allows; a `*` at the end stands for anything. */
  readonly sysctls: readonly string[];
  /** Whether the kernel enforces AppArmor profiles. */
  readonly appArmor: boolean;
  /** What the node is short of. */
  readonly pressure: readonly NodeCondition[];
  readonly shuttingDown: boolean;
}

const wantsAppArmor = (pod: Pod): boolean =>
  [pod.spec, ...listContainers(pod).map(({ container }) => container)].some((holder) => {
    const type = holder?.securityContext?.appArmorProfile?.type;
    return type !== undefined && type !== 'Unconfined';
  });

/** Something that the node should have had for the pod was not to be had. */
export const unexpectedAdmissionError = (message: string): AdmissionVerdict =>
  rejected('UnexpectedAdmissionError', message);

const admitted: AdmissionVerdict = { admitted: true };
const rejected = (reason: string, message: string): AdmissionVerdict => ({ admitted: false, reason, message });

/** Of the pod itself: what no other pod's end would change. */
function findInadmissible(pod: Pod, { node, sysctls }: AdmissionInputs): AdmissionVerdict | undefined {
  const forbidden = findForbiddenSysctl(pod, sysctls);
  if (forbidden !== undefined) return rejected('SysctlForbidden', forbidden);
  const wantedOs = pod.spec?.nodeSelector?.['kubernetes.io/os'];
  const os = node.labels['kubernetes.io/os'];
  if (wantedOs !== undefined && os !== undefined && wantedOs !== os) {
    return rejected(
      'PodOSSelectorNodeLabelDoesNotMatch',
      "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    );
  }
  if (pod.spec?.os?.name !== undefined && pod.spec.os.name !== 'linux') {
    return rejected('PodOSNotSupported', "Failed to admit pod as the OS field doesn't match node OS");
  }
  if (pod.spec?.securityContext?.supplementalGroupsPolicy === 'Strict' && !node.supplementalGroupsPolicy) {
    return rejected(
      'SupplementalGroupsPolicyNotSupported',
      'SupplementalGroupsPolicy=Strict is not supported in this node',
    );
  }
  return undefined;
}

/** A critical pod that lacks nothing but room gets it from others. */
function makeRoom(pod: Pod, others: readonly Pod[], unfit: readonly Unfit[]): AdmissionVerdict {
  const missing = unfit.flatMap((problem) =>
    problem.kind === 'resource' ? [{ resource: problem.resource, amount: problem.missing }] : [],
  );
  const decision = decidePreemption(pod, others, missing);
  if (decision.kind === 'impossible') {
    return rejected(
      'UnexpectedAdmissionError',
      `Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: ${decision.because}`,
    );
  }
  return { admitted: true, preempting: { victims: decision.victims, resource: missing[0]?.resource ?? '' } };
}

/** Whether the node takes the pod beside those that hold resources of it already. */
export function decideAdmission(pod: Pod, others: readonly Pod[], inputs: AdmissionInputs): AdmissionVerdict {
  const pressure = decidePressureAdmission(pod, inputs.pressure);
  if (pressure !== undefined) return rejected('Evicted', pressure);
  const inadmissible = findInadmissible(pod, inputs);
  if (inadmissible !== undefined) return inadmissible;
  const unfit = findUnfit(pod, others, inputs.node);
  // What a critical pod lacks beside room is what its status says.
  const first = isCriticalPod(pod) ? unfit.find(({ kind }) => kind !== 'resource') : unfit[0];
  if (first !== undefined) return rejected(first.reason, first.message);
  if (!inputs.appArmor && wantsAppArmor(pod)) {
    return rejected('AppArmor', 'Cannot enforce AppArmor: AppArmor is not enabled on the host');
  }
  if (inputs.shuttingDown) return rejected('NodeShutdown', 'Pod was rejected as the node is shutting down.');
  return unfit.length > 0 ? makeRoom(pod, others, unfit) : admitted;
}

/** Whether the node has room for what a pod that it has already asks for now; `others` are without the pod. */
export function decideResizeAdmission(pod: Pod, others: readonly Pod[], node: NodeForAdmission): AdmissionVerdict {
  const [first] = findUnfit(pod, others, node);
  return first === undefined ? admitted : rejected(first.reason, first.message);
}

/**
 * The node, with at least as much of each resource as pods hold already: a plugin that is away does not throw out the
 * pods that have its devices.
 */
export const withHeld = (node: NodeForAdmission, held: ReadonlyMap<string, number>): NodeForAdmission => ({
  ...node,
  allocatable: {
    ...node.allocatable,
    ...Object.fromEntries(
      [...held].map(([resource, count]) => [resource, String(Math.max(count, unitsOf(node.allocatable[resource])))]),
    ),
  },
});

/** The node as admission sees it; before it is registered, what the kubelet knows of itself. */
export function nodeForAdmission(facts: NodeFacts): NodeForAdmission {
  const node = facts.node();
  return {
    name: facts.name,
    labels: node?.metadata?.labels ?? { 'kubernetes.io/hostname': facts.name, 'kubernetes.io/os': 'linux' },
    taints: node?.spec?.taints ?? [],
    allocatable: facts.allocatable(),
    supplementalGroupsPolicy: node?.status?.features?.supplementalGroupsPolicy ?? false,
  };
}
