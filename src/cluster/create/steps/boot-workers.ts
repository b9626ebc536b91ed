import { allSettled } from '../../all-settled.ts';
import { bootNode } from '../boot-node.ts';
import { type Step, workers } from '../plan-types.ts';

/** The workers' containers: they boot while the control plane starts. */
export const bootWorkers: Step = {
  title: 'Preparing worker nodes',
  isNeeded: (context) => workers(context).length > 0,
  run: (context) => allSettled(workers(context), (node) => bootNode(context, node)),
};
