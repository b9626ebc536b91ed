import type { Pod } from '../../api/types.ts';
import type { NodeFacts } from '../parts.ts';
import { listContainers } from '../pod-facts.ts';
import { findUnfit, type NodeForAdmission } from './node-fit.ts';
import { findForbiddenSysctl } from './sysctls.ts';

export { matchesTerms } from './node-affinity.ts';
export { safeSysctlsOf } from './sysctls.ts';

export type AdmissionVerdict =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly reason: string; readonly message: string };

export interface AdmissionInputs {
  readonly node: NodeForAdmission;
  /** Safe sysctls and those the administrator allows; a `*` at the end stands for anything. */
  readonly sysctls: readonly string[];
  /** Whether the kernel enforces AppArmor profiles. */
  readonly appArmor: boolean;
}

const wantsAppArmor = (pod: Pod): boolean =>
  [pod.spec, ...listContainers(pod).map(({ container }) => container)].some((holder) => {
    const type = holder?.securityContext?.appArmorProfile?.type;
    return type !== undefined && type !== 'Unconfined';
  });

const admitted: AdmissionVerdict = { admitted: true };
const rejected = (reason: string, message: string): AdmissionVerdict => ({ admitted: false, reason, message });

/** Whether the node takes the pod beside those that hold resources of it already. */
export function decideAdmission(
  pod: Pod,
  others: readonly Pod[],
  { node, sysctls, appArmor }: AdmissionInputs,
): AdmissionVerdict {
  const forbidden = findForbiddenSysctl(pod, sysctls);
  if (forbidden !== undefined) return rejected('SysctlForbidden', forbidden);
  const wantedOs = pod.spec?.nodeSelector?.['kubernetes.io/os'];
  if (
    wantedOs !== undefined &&
    node.labels['kubernetes.io/os'] !== undefined &&
    wantedOs !== node.labels['kubernetes.io/os']
  ) {
    return rejected(
      'PodOSSelectorNodeLabelDoesNotMatch',
      "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    );
  }
  if (pod.spec?.os?.name !== undefined && pod.spec.os.name !== 'linux') {
    return rejected('PodOSNotSupported', "Failed to admit pod as the OS field doesn't match node OS");
  }
  const [first] = findUnfit(pod, others, node);
  if (first !== undefined) return rejected(first.reason, first.message);
  if (!appArmor && wantsAppArmor(pod)) {
    return rejected('AppArmor', 'Cannot enforce AppArmor: AppArmor is not enabled on the host');
  }
  return admitted;
}

/** Whether the node has room for what a pod that it has already asks for now; `others` are without the pod. */
export function decideResizeAdmission(pod: Pod, others: readonly Pod[], node: NodeForAdmission): AdmissionVerdict {
  const [first] = findUnfit(pod, others, node);
  return first === undefined ? admitted : rejected(first.reason, first.message);
}

/** The node as admission sees it; before it is registered, what the kubelet knows of itself. */
export function nodeForAdmission(facts: NodeFacts): NodeForAdmission {
  const node = facts.node();
  return {
    name: facts.name,
    labels: node?.metadata?.labels ?? { 'kubernetes.io/hostname': facts.name, 'kubernetes.io/os': 'linux' },
    taints: node?.spec?.taints ?? [],
    allocatable: facts.allocatable(),
  };
}
