import type { Node } from '../../api/types.ts';
import type { NodeFacts } from '../parts.ts';
import type { AdmissionVerdict } from './index.ts';

/**
 * Decides with the node as it is known here. Before a pod is refused for the node's labels, which someone may just
 * have changed, the node is read once more; `readNode` is undefined without an API server.
 */
export async function decideWithFreshLabels(
  facts: NodeFacts,
  readNode: (() => Promise<Node>) | undefined,
  decide: (facts: NodeFacts) => AdmissionVerdict,
): Promise<AdmissionVerdict> {
  const verdict = decide(facts);
  if (verdict.admitted || verdict.reason !== 'NodeAffinity' || readNode === undefined) return verdict;
  const fresh = await readNode().catch(() => undefined);
  return fresh === undefined ? verdict : decide({ ...facts, node: () => fresh });
}
