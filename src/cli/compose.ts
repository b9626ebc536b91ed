import { systemClock } from '../base/clock.ts';
import type { ContainerEngine } from '../engine/port.ts';
import { usageError } from './errors.ts';
import type { BuildRequest, Run, UseCases, UserAccess, WatchRequest } from './use-cases.ts';

/**
 * klab's parts, put together. What a command does not need is not loaded: `klab version` and the shell's completion
 * answer at once.
 */
export function compose(env: NodeJS.ProcessEnv): UseCases {
  let connected: Promise<ContainerEngine> | undefined;
  const connect = (): Promise<ContainerEngine> => {
    connected ??= import('../engine/docker/index.ts').then(async ({ dockerEngine }) => {
      const engine = dockerEngine({ env });
      // Asked first, because its errors say what is wrong with the engine rather than with the request.
      await engine.info();
      return engine;
    });
    return connected;
  };
  const build = async ({ image, withoutParts }: BuildRequest, { progress, signal }: Run) => {
    const { buildNodeImage, cacheFolder, defaultNodeImage, optionalParts } = await import('../image/index.ts');
    const unknown = withoutParts.find((part) => !optionalParts.some((optional) => optional === part));
    if (unknown !== undefined) {
      throw usageError(`--without ${JSON.stringify(unknown)} is no part`, `use ${optionalParts.join(' or ')}`);
    }
    const { reference, parts } = await buildNodeImage({
      engine: await connect(),
      clock: systemClock,
      progress,
      signal,
      cacheDir: cacheFolder(env),
      imageReference: image ?? defaultNodeImage,
      withParts: optionalParts.filter((part) => !withoutParts.includes(part)),
    });
    return { image: reference, parts };
  };

  /** The cluster as the user of the kubeconfig reaches it; Docker is not asked. */
  const asUser = async ({ kubeconfig, cluster, context, namespace }: UserAccess) => {
    const [{ userAccess }, { kubeApi }] = await Promise.all([
      import('../cluster/kubeconfig/user-access.ts'),
      import('../api/client.ts'),
    ]);
    const access = await userAccess(kubeconfig, { context, cluster });
    const { server, ca, insecureSkipVerify, credentials } = access;
    const api = kubeApi({ server, ca, insecureSkipVerify, credentials, userAgent: 'klab', timeoutMs: 15_000 });
    return { api, server, namespace: namespace ?? access.namespace };
  };
  const openWatch = async (request: WatchRequest, { signal }: Run) => {
    const [{ openWatch: open }, access] = await Promise.all([import('../watch/index.ts'), asUser(request)]);
    return open({ ...request, ...access, clock: systemClock, signal });
  };

  return {
    createCluster: async (request, run) => {
      const { createCluster } = await import('../cluster/create/index.ts');
      return createCluster({
        ...request,
        ...run,
        engine: await connect(),
        clock: systemClock,
        env,
        buildImage: async (image) => {
          await build({ image, withoutParts: [] }, run);
        },
      });
    },
    addNodes: async (request, run) => {
      const { addNodes } = await import('../cluster/add-node/index.ts');
      return addNodes({ ...request, ...run, engine: await connect(), clock: systemClock, env });
    },
    deleteNodes: async (names) => {
      const { deleteNodes } = await import('../cluster/delete-nodes.ts');
      return deleteNodes(await connect(), names);
    },
    deleteCluster: async (cluster, kubeconfig) => {
      const { deleteCluster } = await import('../cluster/delete.ts');
      return deleteCluster(await connect(), cluster, kubeconfig);
    },
    listClusters: async () => {
      const { listClusters } = await import('../cluster/list.ts');
      return listClusters(await connect());
    },
    listNodes: async (cluster) => {
      const { listNodes } = await import('../cluster/list.ts');
      const nodes = await listNodes(await connect(), cluster);
      return nodes.map(({ container: _, ...summary }) => summary);
    },
    getKubeconfig: async (cluster, internal) => {
      const { clusterEntry } = await import('../cluster/get-kubeconfig.ts');
      const { renderKubeconfig } = await import('../cluster/kubeconfig/entry.ts');
      return renderKubeconfig(await clusterEntry(await connect(), cluster, internal));
    },
    exportKubeconfig: async (cluster, internal, kubeconfig) => {
      const { clusterEntry } = await import('../cluster/get-kubeconfig.ts');
      const { addToKubeconfig } = await import('../cluster/kubeconfig/files.ts');
      const entry = await clusterEntry(await connect(), cluster, internal);
      return { path: await addToKubeconfig(entry, kubeconfig), context: entry.name };
    },
    execInNode: async (node, argv, { stdin, tty }) => {
      const { findNode } = await import('../cluster/list.ts');
      const engine = await connect();
      const { name } = await findNode(engine, node);
      const { stdout, stderr } = process;
      return engine.execInteractive(name, argv, { stdout, stderr, tty, ...(stdin ? { stdin: process.stdin } : {}) });
    },
    loadImages: async ({ cluster, sources, nodes }, { signal }) => {
      const { loadImages } = await import('../cluster/load-image.ts');
      return loadImages({ engine: await connect(), cluster, nodes, signal }, sources);
    },
    loadArchives: async ({ cluster, sources, nodes }, { signal }) => {
      const { loadArchives } = await import('../cluster/load-image.ts');
      return loadArchives({ engine: await connect(), cluster, nodes, signal }, sources);
    },
    exportLogs: async (cluster, folder) => {
      const { exportLogs } = await import('../cluster/export-logs.ts');
      return exportLogs({ engine: await connect(), clock: systemClock, cluster, folder });
    },
    buildNodeImage: build,
    applyCni: async (request, run) => {
      const [{ applyCni }, { cacheFolder }] = await Promise.all([
        import('../cluster/cni/index.ts'),
        import('../image/index.ts'),
      ]);
      const engine = await connect();
      return applyCni({ ...request, ...run, engine, env, clock: systemClock, cacheDir: cacheFolder(env) });
    },
    cniStatus: async (cluster, { signal }) => {
      const { cniStatus } = await import('../cluster/cni/index.ts');
      return cniStatus(await connect(), cluster, signal);
    },
    removeCni: async (cluster, manifest, place, run) => {
      const [{ removeCni }, { cacheFolder }] = await Promise.all([
        import('../cluster/cni/index.ts'),
        import('../image/index.ts'),
      ]);
      const engine = await connect();
      const options = { ...place, ...run, engine, env, clock: systemClock, cacheDir: cacheFolder(env) };
      return removeCni({ ...options, cluster, manifest });
    },
    setSysctls: async (target, assignments, { signal }) => {
      const { setSysctls } = await import('../cluster/sysctl/index.ts');
      return setSysctls(await connect(), target, assignments, signal);
    },
    getSysctls: async (target, names, { signal }) => {
      const { getSysctls } = await import('../cluster/sysctl/index.ts');
      return getSysctls(await connect(), target, names, signal);
    },
    watch: async (request, run) => (await openWatch(request, run)).heard,
    watchAtTerminal: async (request, run) => {
      const { showAtTerminal } = await import('../watch/terminal/index.ts');
      await showAtTerminal(await openWatch(request, run), { all: request.all, signal: run.signal });
    },
    watchInBrowser: async (request, onReady, run) => {
      const { serveWatch } = await import('../watch/web/index.ts');
      await serveWatch(await openWatch(request, run), { all: request.all, signal: run.signal, onReady });
    },
    explainPod: async (access, pod, { signal }) => {
      const [{ explainPod, parsePodName }, { api, namespace }] = await Promise.all([
        import('../watch/index.ts'),
        asUser(access),
      ]);
      return explainPod(api, parsePodName(pod, namespace), signal);
    },
  };
}
