import { defineCommand } from '../command.ts';
import { booleanFlag, clusterNameFlag } from '../flags.ts';

export const internalFlag = booleanFlag({
  long: 'internal',
  help: "use the API server's address inside the cluster's network",
});

interface Flags {
  readonly name: string;
  readonly internal: boolean;
}

export const getKubeconfig = defineCommand<Flags>({
  path: 'get kubeconfig',
  summary: "Print a cluster's kubeconfig",
  examples: [{ command: 'klab get kubeconfig --name lab > lab.kubeconfig', help: 'keep it in a file of its own' }],
  flags: { name: clusterNameFlag, internal: internalFlag },
  run: async ({ useCases, run, io }, { name, internal }) => {
    io.stdout.write(await useCases.getKubeconfig(name, internal, run));
    return undefined;
  },
});
