import { bootNode } from '../boot-node.ts';
import { firstControlPlane, type Step } from '../plan-types.ts';

/** The container of the node that everything waits for; it also finds out how much privilege the engine grants. */
export const bootControlPlane: Step = {
  title: 'Preparing control plane node',
  run: (context) => bootNode(context, firstControlPlane(context)),
};
