import { defineCommand } from '../command.ts';
import { clusterNameFlag, kubeconfigFlag } from '../flags.ts';
import { kubeconfigPlace } from '../kubeconfig-place.ts';
import { internalFlag } from './get-kubeconfig.ts';

interface Flags {
  readonly name: string;
  readonly internal: boolean;
  readonly kubeconfig: string | undefined;
}

export const exportKubeconfig = defineCommand<Flags>({
  path: 'export kubeconfig',
  summary: 'Add a cluster to your kubeconfig',
  examples: [{ command: 'klab export kubeconfig --name lab', help: 'add it again, and make it the current context' }],
  flags: { name: clusterNameFlag, internal: internalFlag, kubeconfig: kubeconfigFlag },
  run: async (context, flags) => {
    const { useCases, run, view } = context;
    const place = kubeconfigPlace(context, flags);
    const exported = await useCases.exportKubeconfig(flags.name, flags.internal, place, run);
    view.note(`Set kubectl context to "${exported.context}" in ${exported.path}`);
    return undefined;
  },
});
