import { type Step, workers } from '../plan-types.ts';
import { startKubelet } from './start-control-plane.ts';

/** Each worker's kubelet asks for its certificate with the bootstrap token, and registers its node. */
export const joinWorkers: Step = {
  title: 'Joining worker nodes',
  async run(context) {
    await Promise.all(workers(context).map(({ name }) => startKubelet(context, name)));
  },
};
