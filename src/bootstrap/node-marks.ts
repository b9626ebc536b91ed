import { resolveConfig } from './kubeadm-config/resolve.ts';
import type { BootstrapInput, NodeMarks, NodeTaint } from './types.ts';

const controlPlaneTaint: NodeTaint = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' };

/**
 * Labels, annotations and taints that the node gets once it has registered. `current` are the taints it has: a patch
 * replaces the whole list, and some of them are others' business.
 * A cluster of one node has no control-plane taint, so that pods have somewhere to run, nor the label that keeps load
 * balancers away, as in kind.
 */
export function renderNodeMarks(
  input: BootstrapInput,
  nodeName: string,
  current: readonly NodeTaint[] = [],
): NodeMarks {
  const { node, registration } = resolveConfig(input, nodeName);
  const annotations = { 'kubeadm.alpha.kubernetes.io/cri-socket': registration.criSocket };
  if (node.role === 'worker') return { metadata: { labels: {}, annotations } };
  const alone = input.cluster.nodes.length === 1;
  const labels = {
    'node-role.kubernetes.io/control-plane': '',
    ...(alone ? {} : { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }),
  };
  const wanted: readonly NodeTaint[] = registration.taints ?? (alone ? [] : [controlPlaneTaint]);
  const isWanted = (taint: NodeTaint) => wanted.some((w) => w.key === taint.key && w.effect === taint.effect);
  return {
    metadata: { labels, annotations },
    spec: { taints: [...wanted, ...current.filter((taint) => !isWanted(taint))] },
  };
}
