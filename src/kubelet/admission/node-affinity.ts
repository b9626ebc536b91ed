import type { Pod } from '../../api/types.ts';

type Affinity = NonNullable<NonNullable<Pod['spec']>['affinity']>;
type Required = NonNullable<NonNullable<Affinity['nodeAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']>;
type Term = Required['nodeSelectorTerms'][number];
type Requirement = NonNullable<Term['matchExpressions']>[number];

const satisfies = ({ key, operator, values = [] }: Requirement, facts: Readonly<Record<string, string>>): boolean => {
  const value = facts[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
};

function matchesTerm(term: Term, labels: Readonly<Record<string, string>>, nodeName: string): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  return (
    expressions.every((requirement) => satisfies(requirement, labels)) &&
    fields.every((requirement) => satisfies(requirement, { 'metadata.name': nodeName }))
  );
}

/** Whether the node fits one of the terms: that is how volumes say where they can be reached. */
export const matchesTerms = (
  terms: readonly Term[],
  labels: Readonly<Record<string, string>>,
  nodeName: string,
): boolean => terms.some((term) => matchesTerm(term, labels, nodeName));

/** Whether the node is one that the pod's nodeSelector and required node affinity allow. */
export function matchesNode(pod: Pod, labels: Readonly<Record<string, string>>, nodeName: string): boolean {
  const selector = Object.entries(pod.spec?.nodeSelector ?? {});
  if (!selector.every(([key, value]) => labels[key] === value)) return false;
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || matchesTerms(required.nodeSelectorTerms, labels, nodeName);
}
