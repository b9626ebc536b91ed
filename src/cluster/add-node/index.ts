import type { Clock } from '../../base/clock.ts';
import { KlabError, messageOf } from '../../base/errors.ts';
import type { Progress } from '../../base/progress.ts';
import type { ContainerEngine } from '../../engine/port.ts';
import { apiReady } from '../api-ready.ts';
import { connectCluster } from '../connect.ts';
import type { CreateContext } from '../create/plan-types.ts';
import { runPlan, type Undo, undoAll } from '../create/run-plan.ts';
import { apiServerSilent } from '../errors.ts';
import { addPlan } from './add-plan.ts';
import { readCluster } from './read-cluster.ts';

/** As long as a control plane takes whose container has just been started again. */
const apiTimeoutMs = 60_000;

export interface AddNodesOptions {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  readonly cluster: string;
  /** How many workers. */
  readonly count: number;
  /** How long they may take to be Ready; 0: not waited for. */
  readonly waitMs: number;
  /** Leave them when something fails. */
  readonly retain: boolean;
}

/**
 * Adds workers to a cluster that runs, and answers their names. They join as with kubeadm: the cluster's own ConfigMaps
 * say how kubelets are configured, a new bootstrap token lets them in. They get the kernel settings that all other nodes
 * have. On failure or abort they are removed again. Throws KlabErrors of cluster/errors.ts.
 */
export async function addNodes(options: AddNodesOptions): Promise<readonly string[]> {
  const { engine, clock, progress, signal, env, cluster, count, waitMs, retain } = options;
  const api = await connectCluster(engine, cluster);
  const undos: Undo[] = [];
  try {
    const ready = await apiReady(api, { clock, signal, timeoutMs: apiTimeoutMs });
    if (ready.kind === 'timedOut') throw apiServerSilent(cluster, ready.lastSeen);
    const running = await readCluster(engine, api, cluster, count, signal);
    const context: CreateContext = {
      engine,
      clock,
      progress,
      signal,
      env,
      config: running.config,
      waitMs,
      kubeconfig: { home: '/', cwd: '/' },
      buildImage: undefined,
      stdin: undefined,
      made: { api, kubernetesVersion: running.kubernetesVersion, apiReadyAt: clock.now() },
      undo: (what, run) => undos.push({ what, run }),
      detail: () => undefined,
    };
    undos.push({
      what: 'delete the Node objects',
      run: async () => {
        await Promise.allSettled(running.added.map((name) => api.delete(`/api/v1/nodes/${name}`)));
      },
    });
    await runPlan(addPlan(running), context);
    return running.added;
  } catch (error) {
    const kept = retain ? ['the nodes were kept: `klab delete node NAME` removes one'] : [];
    const problems = retain ? [] : (await undoAll(undos)).map((problem) => `could not ${problem}`);
    if (signal.aborted) throw error;
    const own =
      error instanceof KlabError ? error : new KlabError('ADD_NODE_FAILED', messageOf(error), { cause: error });
    const hint = [...(own.hint === undefined ? [] : [own.hint]), ...kept, ...problems].join('\n');
    throw new KlabError(own.code, own.message, {
      cause: error,
      ...(hint === '' ? {} : { hint }),
      ...(own.output === undefined ? {} : { output: own.output }),
    });
  } finally {
    api.closeConnections();
  }
}
