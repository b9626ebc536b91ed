import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { codeOf, KlabError, messageOf } from '../../base/errors.ts';
import type { Progress } from '../../base/progress.ts';
import type { ClusterConfig } from '../../config/model.ts';
import type { ContainerEngine } from '../../engine/port.ts';
import { exportLogs } from '../export-logs.ts';
import { contextName } from '../kubeconfig/entry.ts';
import type { KubeconfigPlace } from '../kubeconfig/paths.ts';
import { createPlan } from './create-plan.ts';
import type { CreateContext } from './plan-types.ts';
import { runPlan, type Undo, undoAll } from './run-plan.ts';

export interface CreateClusterOptions {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  readonly config: ClusterConfig;
  /** How long the cluster may take to be usable once everything is started; 0: not waited for. */
  readonly waitMs: number;
  /** Leave what was made when something fails. */
  readonly retain: boolean;
  readonly kubeconfig: KubeconfigPlace;
  readonly buildImage?: (reference: string) => Promise<void>;
  /** Reads standard input to its end: for a network's manifest that is `-`. */
  readonly stdin?: () => Promise<string>;
}

export interface CreatedCluster {
  readonly name: string;
  readonly kubeconfigPath: string;
  readonly context: string;
  readonly apiServer: string;
  readonly nodes: readonly string[];
}

/**
 * Makes a cluster. On failure or abort the logs are saved, what was made is removed again (unless `retain`), and the
 * error says where the logs are. Throws KlabErrors of cluster/errors.ts, engine/errors.ts, kubeconfig/errors.ts.
 */
export async function createCluster(options: CreateClusterOptions): Promise<CreatedCluster> {
  const { config, retain, buildImage, stdin, ...rest } = options;
  const undos: Undo[] = [];
  const context: CreateContext = {
    ...rest,
    config,
    buildImage,
    stdin,
    made: {},
    undo: (what, run) => undos.push({ what, run }),
    detail: () => undefined,
  };
  try {
    await runUntilAddressesHold(context, undos);
  } catch (error) {
    throw await rollBack(error, undos, options);
  } finally {
    context.made.api?.closeConnections();
  }
  return {
    name: config.name,
    kubeconfigPath: context.made.kubeconfigPath ?? '',
    context: contextName(config.name),
    apiServer: context.made.apiServer ?? '',
    nodes: config.nodes.map(({ name }) => name),
  };
}

const maxTries = 5;

/**
 * Every file is rendered for addresses that were free at the time. When another cluster that is being made took one of
 * them first, all that was made is undone and made again for others.
 */
async function runUntilAddressesHold(context: CreateContext, undos: Undo[]): Promise<void> {
  const { made, signal } = context;
  for (let tries = 1; ; tries += 1) {
    try {
      await runPlan(createPlan, context);
      return;
    } catch (error) {
      if (codeOf(error) !== 'ADDRESS_IN_USE' || tries >= maxTries || signal.aborted) throw error;
      const problems = await undoAll(undos.splice(0));
      if (problems.length > 0) throw error;
      made.api?.closeConnections();
      made.lostAddresses = [...(made.lostAddresses ?? []), ...Object.values(made.bootstrap?.addresses ?? {})];
    }
  }
}

async function rollBack(
  error: unknown,
  undos: readonly Undo[],
  { engine, config, clock, retain, signal }: CreateClusterOptions,
): Promise<unknown> {
  if (undos.length === 0) return error;
  const interrupted = signal.aborted;
  const notes: string[] = [];
  // Logs of a creation that was interrupted on purpose explain nothing.
  if (!interrupted) {
    try {
      const folder = await mkdtemp(join(tmpdir(), `klab-${config.name}-`));
      await exportLogs({ engine, clock, cluster: config.name, folder });
      notes.push(`the nodes' logs are in ${folder}`);
    } catch (failed) {
      notes.push(`the nodes' logs could not be saved: ${messageOf(failed)}`);
    }
  }
  if (retain) {
    const name = `--name ${config.name}`;
    notes.push(`the nodes were kept: \`klab export kubeconfig ${name}\`, then \`klab delete cluster ${name}\``);
  }
  if (!retain) notes.push(...(await undoAll(undos)).map((problem) => `could not ${problem}`));
  if (interrupted && !retain) notes.push('everything that was made has been removed');
  const hint = error instanceof KlabError && error.hint !== undefined ? [error.hint, ...notes] : notes;
  const code = interrupted ? 'INTERRUPTED' : error instanceof KlabError ? error.code : 'CREATE_FAILED';
  const message = interrupted ? `creating cluster "${config.name}" was interrupted` : messageOf(error);
  const output = error instanceof KlabError && !interrupted ? error.output : undefined;
  return new KlabError(code, message, { hint: hint.join('\n'), cause: error, ...(output ? { output } : {}) });
}
