import type { KubeApi } from '../../../api/port.ts';
import type { Clock } from '../../../base/clock.ts';
import { KlabError, messageOf } from '../../../base/errors.ts';
import type { Progress } from '../../../base/progress.ts';
import type { ContainerEngine } from '../../../engine/port.ts';
import { changeSysctls } from '../../sysctl/index.ts';
import type { ClusterSettings } from '../cluster-facts.ts';
import type { NetworkPlan } from '../plan.ts';
import { provideImages } from './images.ts';
import { type AppliedObject, applyServerSide } from './objects.ts';
import { takeBack } from './take-back.ts';
import { waitForNodes, waitForTraffic } from './wait.ts';
import { workloadsOf } from './workloads.ts';

export interface InstallOptions {
  readonly engine: ContainerEngine;
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly cluster: string;
  readonly nodes: readonly string[];
  readonly settings: ClusterSettings;
  /** 0: not waited for. */
  readonly waitMs: number;
  /** Leave what was applied when something fails. */
  readonly retain: boolean;
}

/**
 * Installs a network: images, sysctls, objects; then waits until nodes are Ready and traffic flows. On failure or
 * abort objects and sysctls are as before, unless `retain`; images that were loaded stay.
 */
export async function installNetwork(plan: NetworkPlan, options: InstallOptions): Promise<void> {
  const { engine, api, clock, signal, nodes, settings, waitMs, retain } = options;
  const applied: AppliedObject[] = [];
  const undo: (() => Promise<void>)[] = [];
  const run = stepRunner(options);
  try {
    await run("Getting the network's images", (detail) => provideImages(plan.images, { ...options, detail }));
    if (Object.keys(plan.sysctls).length > 0) {
      await run('Setting sysctls', async () => {
        undo.push((await changeSysctls(engine, nodes, plan.sysctls, signal)).undo);
      });
    }
    const all = [plan.record, ...plan.objects];
    await run(`Applying ${all.length} objects`, () => applyServerSide(all, applied, { api, clock, signal }));
    if (waitMs <= 0) return;
    const deadline = clock.now() + waitMs;
    const wait = (detail: (text: string) => void) => ({
      ...options,
      ...settings,
      detail,
      waitMs: Math.max(1000, deadline - clock.now()),
    });
    await run('Waiting for the nodes to be ready', (detail) => waitForNodes(workloadsOf(plan.objects), wait(detail)));
    await run('Checking traffic between nodes', (detail) => waitForTraffic(wait(detail)));
  } catch (error) {
    if (retain || (applied.length === 0 && undo.length === 0)) throw error;
    const problems = await run('Taking back what was done', async () => [
      ...(await takeBack(plan.network, applied, options)),
      ...(await runAll(undo)),
    ]);
    throw withProblems(error, problems, applied.length > 0);
  }
}

/** Runs each part of the work as a step that the command line shows. */
export function stepRunner({ clock, progress }: Pick<InstallOptions, 'clock' | 'progress'>) {
  return async <T>(step: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T> => {
    const startedAt = clock.now();
    progress({ type: 'stepStarted', step, at: startedAt });
    try {
      const result = await work((text) => progress({ type: 'stepDetail', step, text }));
      progress({ type: 'stepEnded', step, ms: clock.now() - startedAt });
      return result;
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      progress({ type: 'stepEnded', step, ms: clock.now() - startedAt, error: failure });
      throw error;
    }
  };
}

async function runAll(undo: readonly (() => Promise<void>)[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const each of undo) {
    await each().catch((error: unknown) => void problems.push(`set the sysctls back: ${messageOf(error)}`));
  }
  return problems;
}

/** The same error, which says that the cluster is as it was, or what of it is not. */
function withProblems(error: unknown, problems: readonly string[], changed: boolean): unknown {
  if (!(error instanceof KlabError)) return error;
  const note = changed ? ['what was applied has been removed again; --retain keeps it'] : [];
  const notes = problems.length > 0 ? problems.map((problem) => `could not ${problem}`) : note;
  const hint = [...(error.hint === undefined ? [] : [error.hint]), ...notes].join('\n');
  return new KlabError(error.code, error.message, {
    cause: error,
    ...(hint === '' ? {} : { hint }),
    ...(error.output ? { output: error.output } : {}),
  });
}
