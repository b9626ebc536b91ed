import { cacheFolder } from '../../../image/index.ts';
import { type CniRequest, checkPodSubnets, hostRanges, readWanted } from '../../cni/index.ts';
import type { CreateContext, Step } from '../plan-types.ts';

/** The manifest of a network that is not klab's own, before anything is made: it may have to be downloaded. */
export const readNetwork: Step = {
  title: "Reading the network's manifest",
  isNeeded: (context) => requestOf(context) !== undefined,
  async run(context) {
    const { config, env, made, signal } = context;
    const request = requestOf(context);
    // Made again for other addresses: it was read already, perhaps from standard input.
    if (request === undefined || made.wantedNetwork !== undefined) return;
    checkPodSubnets(config.networking.podSubnet.split(','), hostRanges());
    made.wantedNetwork = await readWanted(request, {
      sha256: undefined,
      cacheDir: cacheFolder(env),
      env,
      // Paths in a configuration are absolute by now.
      cwd: '/',
      stdin: context.stdin ?? (async () => ''),
      signal,
    });
  },
};

function requestOf({ config }: CreateContext): CniRequest | undefined {
  const { cni } = config.networking;
  if (cni.kind === 'calico') return { kind: 'calico', manifest: undefined };
  return cni.kind === 'manifest' ? { kind: 'manifest', source: cni.source } : undefined;
}
