import { allSettled } from '../../all-settled.ts';
import { placeFiles } from '../place-files.ts';
import { type Step, workers } from '../plan-types.ts';
import { startKubelet } from '../start-kubelet.ts';

/** Each worker's kubelet asks for its certificate with the bootstrap token, and registers its node. */
export const joinWorkers: Step = {
  title: 'Joining worker nodes',
  isNeeded: (context) => workers(context).length > 0,
  run: (context) =>
    allSettled(workers(context), async (node) => {
      await placeFiles(context, node);
      await startKubelet(context, node.name);
    }),
};
