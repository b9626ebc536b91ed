import { defineCommand } from '../command.ts';
import { clusterNameFlag, kubeconfigFlag } from '../flags.ts';
import { kubeconfigPlace } from '../kubeconfig-place.ts';

interface Flags {
  readonly name: string;
  readonly kubeconfig: string | undefined;
}

export const deleteCluster = defineCommand<Flags>({
  path: 'delete cluster',
  isDefault: true,
  summary: 'Delete a cluster',
  description: `Delete a cluster: its containers with their data, and its entries in your kubeconfig.

A cluster that does not exist is an error, so that a mistyped name is noticed; with "klab delete clusters" it is not.`,
  examples: [
    { command: 'klab delete', help: 'the cluster klab' },
    { command: 'klab delete cluster --name lab', help: 'another one' },
  ],
  flags: { name: clusterNameFlag, kubeconfig: kubeconfigFlag },
  run: async (context, flags) => {
    const { useCases, run, view } = context;
    const deleted = await useCases.deleteCluster(flags.name, kubeconfigPlace(context, flags), run);
    view.note(`Deleted cluster ${flags.name}: ${deleted.nodes.join(', ')}`);
    return undefined;
  },
});
