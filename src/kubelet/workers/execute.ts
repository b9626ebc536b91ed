import type { Pod } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { CriRuntime, PodSandboxConfig } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import type { RemoveContainer } from '../containers/container-logs.ts';
import { StartFailure, type StartFailureReason } from '../containers/errors.ts';
import { criErrorText } from '../cri-error-text.ts';
import { formatGoDuration } from '../go-duration.ts';
import type { ObservedPod } from '../observed.ts';
import type { ImageManager, MountedVolumes, RunnableContainer } from '../parts.ts';
import { observeSandbox } from '../pleg/observe.ts';
import {
  containerReference,
  describePod,
  findContainer,
  isHostNetwork,
  isSidecar,
  logNameOf,
  podReference,
} from '../pod-facts.ts';
import type { PodAction, PodActionKind } from './actions.ts';
import { type ImageVolumes, missingImages, pullImageVolumes, withImages } from './image-volumes.ts';
import type { ResizePod } from './resize-pod.ts';
import type { StartContainer } from './start-container.ts';
import type { Terminator } from './termination.ts';

/** Why a container of the pod waits, as its status will say it. */
export interface WaitingReason {
  readonly reason: StartFailureReason;
  readonly message: string;
}

export interface ExecutionOutcome {
  /** Something was done, so the pod is to be looked at again. */
  readonly acted: boolean;
  /** By container: why its start failed; undefined: it started. Containers that were not to be started are not listed. */
  readonly starts: ReadonlyMap<string, WaitingReason | undefined>;
  /** The first failure of the rest: the sandbox, a kill. */
  readonly error: string | undefined;
  /** When the earliest of those that back off is due. */
  readonly retryAt: Instant | undefined;
}

export interface ExecutionTask {
  readonly pod: Pod;
  readonly seen: ObservedPod;
  readonly actions: readonly PodAction[];
  readonly volumes: MountedVolumes;
  readonly signal: AbortSignal;
  /** The sandbox is up, with these addresses: the status may say so before images are pulled. */
  readonly onSandboxReady: (ips: readonly string[]) => void;
}

export interface ExecutorOptions {
  readonly cri: Pick<CriRuntime, 'runPodSandbox' | 'podSandboxStatus' | 'removeContainer'>;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly terminator: Terminator;
  readonly startContainer: StartContainer;
  readonly removeContainer: RemoveContainer;
  readonly images: Pick<ImageManager, 'ensureForVolume'>;
  readonly resizePod: ResizePod;
  /** The container runs now with the resources that the pod was granted. */
  readonly noteStart: (pod: Pod, container: RunnableContainer) => void;
  /** The pod's sandbox in CRI's words; writes the Events that its making is due. */
  readonly sandboxConfig: (pod: Pod, attempt: number) => Promise<PodSandboxConfig>;
  /** Has drivers make ready what the pod claims of them. Rejects, after its Event was written, with what is in the way. */
  readonly prepareClaims: (pod: Pod) => Promise<void>;
  /** CRI's name of the pod's runtime class. Rejects when there is no such class. */
  readonly runtimeHandler: (pod: Pod) => Promise<string>;
  /** The restart of this container, whose last end was then, is counted. */
  readonly countRestart: (pod: Pod, container: string, endedAt: Instant) => void;
}

/** The state of one run: what earlier actions made for later ones. */
interface Run extends ExecutionTask {
  sandboxId: string | undefined;
  sandbox: PodSandboxConfig | undefined;
  attempt: number;
  podIps: readonly string[];
  /** Undefined: nothing was to be started yet. */
  images: ImageVolumes | undefined;
  retryAt: Instant | undefined;
  readonly starts: Map<string, WaitingReason | undefined>;
}

/** Ends the run: what follows depends on what failed. */
class RunStopped extends Error {}

type Executors = {
  readonly [K in PodActionKind]: (action: Extract<PodAction, { kind: K }>, run: Run) => Promise<void>;
};

export type Execute = (task: ExecutionTask) => Promise<ExecutionOutcome>;

/** Carries actions out, one after another in the order they were decided. */
export function podExecutor(options: ExecutorOptions): Execute {
  const { cri, clock, journal, terminator } = options;

  /** A pod that is on its way out is not told of. */
  function tellSandboxFailure(kind: 'pod.sandboxFailed' | 'pod.sandboxUnknown', run: Run, error: unknown): void {
    if (!run.signal.aborted) journal.write({ kind, object: podReference(run.pod), error: criErrorText(error) });
  }

  const executors: Executors = {
    async killPod(_action, { pod, seen, signal }) {
      await terminator.stopPod(pod, seen, {}, signal);
    },
    async killContainer({ id, message, probe }, { pod, seen, signal }) {
      const target = seen.containers.find((c) => c.id === id);
      if (target === undefined) return;
      const options = probe === undefined ? { message } : { message, probe };
      await terminator.stopContainer(pod, target, seen.ips[0] ?? '', options, signal);
    },
    async resetContainer({ id, running }, { pod, seen, signal }) {
      const target = seen.containers.find((c) => c.id === id);
      if (target !== undefined && running) {
        const options = { graceOverride: 0, message: 'killing' };
        await terminator.stopContainer(pod, target, '', options, signal);
      }
      // Its logs stay: only the container begins anew.
      await cri.removeContainer(id);
    },
    async resizePod({ updates }, { pod, sandboxId }) {
      if (sandboxId !== undefined) await options.resizePod(pod, sandboxId, updates);
    },
    async removeContainer({ id }, { seen }) {
      const target = seen.containers.find((c) => c.id === id);
      if (target !== undefined) await options.removeContainer(seen, target);
    },
    async createSandbox({ attempt, replaces }, run) {
      const { pod } = run;
      if (replaces !== undefined) journal.write({ kind: 'pod.sandboxChanged', object: podReference(pod) });
      await options.prepareClaims(pod);
      const startedAt = clock.now();
      try {
        run.attempt = attempt;
        run.sandbox = await options.sandboxConfig(pod, attempt);
        run.sandboxId = await cri.runPodSandbox(run.sandbox, await options.runtimeHandler(pod));
      } catch (error) {
        tellSandboxFailure('pod.sandboxFailed', run, error);
        throw error;
      }
      journal.write({
        kind: 'pod.sandboxCreated',
        pod: logNameOf(pod),
        id: run.sandboxId,
        ms: clock.now() - startedAt,
      });
      try {
        const { status } = await cri.podSandboxStatus(run.sandboxId, false);
        if (!isHostNetwork(pod) && status !== undefined) run.podIps = observeSandbox(status).ips;
      } catch (error) {
        tellSandboxFailure('pod.sandboxUnknown', run, error);
        throw error;
      }
      run.onSandboxReady(run.podIps);
    },
    async startContainer({ container: name, list, restart }, run) {
      const { pod, seen, signal, podIps } = run;
      const container = findContainer(pod, name)?.container;
      if (container === undefined || run.sandboxId === undefined) return;
      run.sandbox ??= await options.sandboxConfig(pod, run.attempt);
      const last = seen.containers.find((c) => c.name === name && c.state === 'exited');
      if (restart && last?.state === 'exited') options.countRestart(pod, name, last.finishedAt);
      const { sandboxId, sandbox } = run;
      run.images ??= await pullImageVolumes(pod, run.volumes, options.images, sandbox, signal);
      const missing = missingImages(container, run.images);
      for (const { reason, message } of missing) {
        const object = containerReference(pod, name);
        journal.write({ kind: 'pod.containerStartFailed', object, container: name, list, reason, message });
      }
      const volumes = withImages(run.volumes, run.images);
      try {
        const problem = missing.at(-1);
        if (problem !== undefined) throw problem;
        await options.startContainer({ pod, list, container, sandboxId, sandbox, podIps, volumes, seen, signal });
        options.noteStart(pod, container);
        run.starts.set(name, undefined);
      } catch (error) {
        if (!(error instanceof StartFailure)) throw error;
        run.starts.set(name, { reason: error.reason, message: error.message });
        if (list === 'initContainers' && !isSidecar(container)) throw new RunStopped(error.message);
      }
    },
    async backOff({ container: name, list, delayMs, until }, run) {
      const pod = run.pod;
      run.retryAt = Math.min(run.retryAt ?? Number.POSITIVE_INFINITY, until);
      const message = `back-off ${formatGoDuration(delayMs)} restarting failed container=${name} pod=${describePod(pod)}`;
      run.starts.set(name, { reason: 'CrashLoopBackOff', message });
      journal.write({
        kind: 'pod.backOff',
        object: containerReference(pod, name),
        container: name,
        pod: describePod(pod),
      });
      const container = findContainer(pod, name)?.container;
      if (list === 'initContainers' && container !== undefined && !isSidecar(container)) throw new RunStopped(message);
    },
  };

  const execute = <K extends PodActionKind>(action: Extract<PodAction, { kind: K }>, run: Run): Promise<void> =>
    executors[action.kind as K](action, run);

  return async (task) => {
    const newest = task.seen.sandboxes[0];
    const run: Run = {
      ...task,
      sandboxId: newest?.ready ? newest.id : undefined,
      sandbox: undefined,
      attempt: newest?.attempt ?? 0,
      podIps: task.seen.ips,
      images: undefined,
      retryAt: undefined,
      starts: new Map(),
    };
    let error: string | undefined;
    for (const action of task.actions) {
      task.signal.throwIfAborted();
      try {
        await execute(action, run);
      } catch (problem) {
        if (problem instanceof RunStopped) break;
        task.signal.throwIfAborted();
        error = messageOf(problem);
        journal.write({ kind: 'pod.actionFailed', pod: logNameOf(task.pod), action: action.kind, error });
        break;
      }
    }
    if (task.pod.spec?.hostUsers === false && task.actions.some(({ kind }) => kind === 'createSandbox')) {
      const failed = error !== undefined || [...run.starts.values()].some((reason) => reason !== undefined);
      journal.write({ kind: 'pod.userNamespaceStarted', pod: logNameOf(task.pod), failed });
    }
    const acted = task.actions.some(({ kind }) => kind !== 'backOff');
    return { acted, starts: run.starts, error, retryAt: run.retryAt };
  };
}
