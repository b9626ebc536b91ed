import { codeOf, messageOf } from '../../base/errors.ts';
import { defineCommand } from '../command.ts';
import { deletionsFailed, nothingToDelete } from '../errors.ts';
import { booleanFlag, kubeconfigFlag } from '../flags.ts';
import { kubeconfigPlace } from '../kubeconfig-place.ts';

interface Flags {
  readonly all: boolean;
  readonly kubeconfig: string | undefined;
}

export const deleteClusters = defineCommand<Flags>({
  path: 'delete clusters',
  summary: 'Delete several clusters',
  description: `Delete the clusters named, or all of them.

Those that do not exist are passed over. When one cannot be deleted the others still are, and klab exits with an error.`,
  examples: [
    { command: 'klab delete clusters one two', help: 'two of them' },
    { command: 'klab delete clusters --all', help: 'all of them' },
  ],
  argument: {
    name: '[NAME…]',
    help: 'clusters to delete',
    min: 0,
    max: Number.POSITIVE_INFINITY,
    completes: 'cluster',
  },
  flags: {
    all: booleanFlag({ long: 'all', short: 'A', help: 'delete every cluster' }),
    kubeconfig: kubeconfigFlag,
  },
  run: async (context, flags, args) => {
    if (args.length === 0 && !flags.all) throw nothingToDelete();
    const { useCases, run, view } = context;
    const names = flags.all ? (await useCases.listClusters(run)).map((cluster) => cluster.name) : args;
    const failed: string[] = [];
    for (const name of names) {
      try {
        await useCases.deleteCluster(name, kubeconfigPlace(context, flags), run);
        view.note(`Deleted cluster ${name}`);
      } catch (error) {
        run.signal.throwIfAborted();
        view.note(`${name}: ${messageOf(error)}`);
        if (codeOf(error) !== 'CLUSTER_NOT_FOUND') failed.push(name);
      }
    }
    if (failed.length > 0) throw deletionsFailed(failed);
    return undefined;
  },
});
