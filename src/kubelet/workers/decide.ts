import type { Pod } from '../../api/types.ts';
import type { Instant } from '../../base/clock.ts';
import type { ObservedContainer, ObservedPod } from '../observed.ts';
import type { RunnableContainer } from '../parts.ts';
import type { ContainerList } from '../pod-facts.ts';
import { matchingRestartRule, restartAllContainers, restartsAfter, restartsAfterKill } from '../restart-policy.ts';
import { activeContainers, anyRegularContainerActive, judgeSandbox } from '../sandbox-state.ts';
import type { PodAction } from './actions.ts';
import type { ResizeDecision } from './decide-resize.ts';

type ProbeResult = 'success' | 'failure' | 'unknown';

/** What the decision needs to know beside the pod and what was seen of it. */
export interface DecisionInputs {
  readonly now: Instant;
  /** The hash a running container must carry to be the one of the spec. */
  readonly hashOf: (container: RunnableContainer) => string;
  readonly liveness: (containerId: string) => ProbeResult;
  readonly startup: (containerId: string) => ProbeResult;
  /** When a container that ended may start again, and how long the whole wait is; absent: at once. */
  readonly retryOf: (
    container: RunnableContainer,
    ended: ObservedContainer,
  ) => { readonly at: Instant; readonly delayMs: number } | undefined;
  /** A restart rule asked for all containers to start anew. */
  readonly restartingAll: boolean;
  /** What the resources that the pod was granted mean for what runs. */
  readonly resize: ResizeDecision;
}

interface Plan {
  readonly kills: PodAction[];
  readonly starts: PodAction[];
  /** Set when the whole pod is to be stopped instead. */
  killPod?: string;
}

/** What to do now to bring the pod from what was seen of it to what its spec says, in this order. */
export function decidePodActions(pod: Pod, seen: ObservedPod, inputs: DecisionInputs): readonly PodAction[] {
  const verdict = judgeSandbox(pod, seen);
  if (inputs.restartingAll) return decideReset(pod, seen);
  if (verdict.kind === 'needed') return decideNewSandbox(pod, seen, verdict, inputs);

  const plan: Plan = { kills: [], starts: [] };
  for (const container of pod.spec?.ephemeralContainers ?? []) {
    if (latest(seen, container.name) === undefined) {
      plan.starts.push(start('ephemeralContainers', container.name, false, 'it was never started'));
    }
  }
  const initStarts: PodAction[] = [];
  const initialized = decideInitContainers(pod, seen, inputs, { ...plan, starts: initStarts });
  if (initialized === 'failed') return [{ kind: 'killPod', because: 'an init container failed for good' }];
  if (initialized === 'waiting') {
    const starts = [...plan.starts, ...initStarts];
    return [...plan.kills, ...prune(pod, seen, initStarts), ...resizeBefore(starts, inputs.resize), ...starts];
  }
  const kept = decideRegularContainers(pod, seen, inputs, plan, initStarts);
  if (!kept) return killPodUnlessStopped(seen, 'no container runs or is to be started');
  return [...plan.kills, ...prune(pod, seen, initStarts), ...resizeBefore(plan.starts, inputs.resize), ...plan.starts];
}

/** The pod's cgroup is to have room before containers start in it. */
function resizeBefore(starts: readonly PodAction[], resize: ResizeDecision): readonly PodAction[] {
  const startsResized = starts.some(
    (action) => action.kind === 'startContainer' && resize.onStart.has(action.container),
  );
  if (!resize.underWay && !startsResized) return [];
  return [{ kind: 'resizePod', updates: resize.updates, because: 'the pod was granted other resources' }];
}

const latest = (seen: ObservedPod, name: string): ObservedContainer | undefined =>
  seen.containers.find((c) => c.name === name);

/** The end that a restart's wait is counted from. */
const lastEnd = (seen: ObservedPod, name: string): ObservedContainer | undefined =>
  seen.containers.find((c) => c.name === name && c.state === 'exited');

const start = (list: ContainerList, container: string, restart: boolean, because: string): PodAction => ({
  kind: 'startContainer',
  list,
  container,
  restart,
  because,
});

/** A start, or the wait before it when the container's last end lies too little back. */
function startOrWait(
  list: ContainerList,
  container: RunnableContainer,
  ended: ObservedContainer | undefined,
  because: string,
  { retryOf, now }: DecisionInputs,
): PodAction {
  const retry = ended === undefined ? undefined : retryOf(container, ended);
  if (retry !== undefined && retry.at > now) {
    const { at: until, delayMs } = retry;
    return { kind: 'backOff', list, container: container.name, delayMs, until, because };
  }
  return start(list, container.name, ended !== undefined, because);
}

const killPodUnlessStopped = (seen: ObservedPod, because: string): readonly PodAction[] =>
  seen.sandboxes.some(({ ready }) => ready) || seen.containers.some(({ state }) => state === 'running')
    ? [{ kind: 'killPod', because }]
    : [];

function decideNewSandbox(
  pod: Pod,
  seen: ObservedPod,
  verdict: Extract<ReturnType<typeof judgeSandbox>, { kind: 'needed' }>,
  inputs: DecisionInputs,
): readonly PodAction[] {
  const { because, attempt, replaces } = verdict;
  if (pod.spec?.restartPolicy === 'Never' && attempt !== 0 && seen.containers.length > 0) {
    return killPodUnlessStopped(seen, `${because}, and the pod runs only once`);
  }
  const toStart = (pod.spec?.containers ?? []).filter((c) => !succeededForGood(c, pod, latest(seen, c.name)));
  const everInitialized = pod.spec?.containers.some(({ name }) => latest(seen, name) !== undefined);
  if (toStart.length === 0 && everInitialized) {
    return killPodUnlessStopped(seen, `${because}, and every container has completed`);
  }
  const clear: PodAction[] = replaces === undefined ? [] : [{ kind: 'killPod', because }];
  const create: PodAction = { kind: 'createSandbox', attempt, replaces: replaces?.id, because };
  const firstInit = pod.spec?.initContainers?.[0];
  if (firstInit === undefined) {
    const starts = toStart.map((c) =>
      startOrWait('containers', c, lastEnd(seen, c.name), 'the sandbox is new', inputs),
    );
    return [...clear, create, ...starts];
  }
  const names = new Set(pod.spec?.initContainers?.map(({ name }) => name));
  const purge = seen.containers
    .filter(({ name }) => names.has(name))
    .map(
      ({ id, name }): PodAction => ({
        kind: 'removeContainer',
        id,
        container: name,
        because: 'it belongs to the old sandbox',
      }),
    );
  const ended = lastEnd(seen, firstInit.name);
  return [...clear, ...purge, create, startOrWait('initContainers', firstInit, ended, 'the sandbox is new', inputs)];
}

/** Under OnFailure a container that exited 0 has done its work, whatever becomes of the sandbox. */
const succeededForGood = (c: RunnableContainer, pod: Pod, last: ObservedContainer | undefined): boolean =>
  (c.restartPolicy ?? pod.spec?.restartPolicy) === 'OnFailure' && last?.state === 'exited' && last.exitCode === 0;

/** All containers go, those that asked for it last, so that a crash half-way finds the reason again. */
function decideReset(pod: Pod, seen: ObservedPod): readonly PodAction[] {
  const because = 'a container’s restart rule restarts all containers';
  const reset = (containers: readonly RunnableContainer[]) =>
    containers.flatMap((spec) =>
      seen.containers
        .filter(({ name }) => name === spec.name)
        .map((c) => ({
          source: c.state === 'exited' && matchingRestartRule(spec, c.exitCode)?.action === restartAllContainers,
          action: {
            kind: 'resetContainer' as const,
            id: c.id,
            container: c.name,
            running: c.state !== 'exited',
            because,
          },
        })),
    );
  const all = [...reset(pod.spec?.containers ?? []), ...reset(pod.spec?.initContainers ?? [])];
  return [...all.filter(({ source }) => !source), ...all.filter(({ source }) => source)].map(({ action }) => action);
}

/**
 * Init containers, read from the last to the first: finished ones may be gone from the runtime, so the last that is
 * known tells how far the pod has come. Answers whether regular containers may run.
 */
function decideInitContainers(
  pod: Pod,
  seen: ObservedPod,
  inputs: DecisionInputs,
  plan: Plan,
): 'done' | 'waiting' | 'failed' {
  const inits = pod.spec?.initContainers ?? [];
  if (inits.length === 0) return 'done';
  const active = activeContainers(seen);
  const starts: PodAction[] = [];
  let initialized = anyRegularContainerActive(pod, seen);
  let laterKnown = initialized;
  const startNext = (i: number, because: string) => {
    const next = inits[i];
    if (next !== undefined) starts.push(startOrWait('initContainers', next, lastEnd(seen, next.name), because, inputs));
  };

  for (let i = inits.length - 1; i >= 0; i -= 1) {
    const container = inits[i] as RunnableContainer;
    const status = active.find(({ name }) => name === container.name);
    const sidecar = container.restartPolicy === 'Always';
    if (status === undefined) {
      if (laterKnown && sidecar) startNext(i, 'a sidecar stays up, and it is gone from the runtime');
      continue;
    }
    if (laterKnown && !sidecar) continue;
    const isLast = i === inits.length - 1;
    const step = judgeInitContainer(container, status, pod, inputs);
    switch (step.kind) {
      case 'failed':
        return 'failed';
      case 'restart':
        if (step.kill !== undefined) plan.kills.push(step.kill);
        if (step.ready) {
          if (isLast) initialized = true;
          else if (!laterKnown) startNext(i + 1, `init container ${container.name} is up`);
        }
        startNext(i, step.because);
        break;
      case 'finished':
        if (isLast) initialized = true;
        else if (!laterKnown) startNext(i + 1, `init container ${container.name} is done`);
        break;
      case 'wait':
        break;
    }
    laterKnown = true;
  }
  if (!laterKnown) startNext(0, 'the pod is not initialized');
  plan.starts.push(...starts.reverse());
  return initialized ? 'done' : 'waiting';
}

/** As the Killing event words it. */
const resizeRestart = 'resize requires restart';

type InitStep =
  | { readonly kind: 'wait' }
  | { readonly kind: 'finished' }
  | { readonly kind: 'failed' }
  | {
      readonly kind: 'restart';
      readonly because: string;
      readonly kill?: PodAction;
      /** It had come up, so it does not hold back those after it. */
      readonly ready?: boolean;
    };

function judgeInitContainer(
  container: RunnableContainer,
  status: ObservedContainer,
  pod: Pod,
  inputs: DecisionInputs,
): InitStep {
  const sidecar = container.restartPolicy === 'Always';
  switch (status.state) {
    case 'created':
      return { kind: 'restart', because: 'it was created but never started' };
    case 'running':
      return sidecar ? judgeRunningSidecar(container, status, inputs) : { kind: 'wait' };
    case 'exited':
      if (sidecar) return { kind: 'restart', because: 'a sidecar stays up' };
      if (status.exitCode === 0) return { kind: 'finished' };
      if (!restartsAfter(container, pod, status.exitCode)) return { kind: 'failed' };
      return { kind: 'restart', because: `init container exited with ${status.exitCode}` };
    case 'unknown':
      if (!sidecar && !restartsAfterKill(container, pod)) return { kind: 'failed' };
      return { kind: 'restart', because: 'its state is unknown', kill: killUnknown(status, 'Init container') };
  }
}

const killUnknown = (status: ObservedContainer, what: string): PodAction => ({
  kind: 'killContainer',
  id: status.id,
  container: status.name,
  message: `${what} is in "unknown" state, try killing it before restart`,
  because: 'its state is unknown',
});

function judgeRunningSidecar(
  container: RunnableContainer,
  status: ObservedContainer,
  { startup, liveness, hashOf, resize }: DecisionInputs,
): InitStep {
  const restart = (because: string, ready: boolean, probe?: 'liveness' | 'startup'): InitStep => ({
    kind: 'restart',
    because,
    ready,
    kill: {
      kind: 'killContainer',
      id: status.id,
      container: container.name,
      message: `${because === resizeRestart ? 'Container' : 'Init container'} ${container.name} ${because}`,
      because,
      ...(probe === undefined ? {} : { probe }),
    },
  });
  if (container.startupProbe !== undefined) {
    const result = startup(status.id);
    if (result === 'failure') return restart('failed startup probe', false, 'startup');
    if (result !== 'success') return { kind: 'wait' };
  }
  if (status.hash !== hashOf(container)) return restart('definition changed', true);
  if (container.livenessProbe !== undefined && liveness(status.id) === 'failure') {
    return restart('failed liveness probe', true, 'liveness');
  }
  if (resize.restarts.has(container.name)) return restart(resizeRestart, true);
  return { kind: 'finished' };
}

/** Regular containers, in the spec's order. Answers whether any is kept or started, that is: whether the pod goes on. */
function decideRegularContainers(
  pod: Pod,
  seen: ObservedPod,
  inputs: DecisionInputs,
  plan: Plan,
  initStarts: readonly PodAction[],
): boolean {
  const starts: PodAction[] = [];
  let kept = 0;
  for (const container of pod.spec?.containers ?? []) {
    const status = latest(seen, container.name);
    if (status?.state !== 'running') {
      const because = reasonToStart(container, status, pod);
      if (because === undefined) continue;
      if (status?.state === 'unknown') plan.kills.push(killUnknown(status, 'Container'));
      starts.push(startOrWait('containers', container, lastEnd(seen, container.name), because, inputs));
      continue;
    }
    const reason = reasonToKill(container, status, inputs);
    if (reason === undefined) {
      kept += 1;
      continue;
    }
    const comesBack = reason.changed || restartsAfterKill(container, pod);
    plan.kills.push({
      kind: 'killContainer',
      id: status.id,
      container: container.name,
      message: `Container ${container.name} ${reason.because}${comesBack && reason.because !== resizeRestart ? ', will be restarted' : ''}`,
      because: reason.because,
      ...(reason.probe === undefined ? {} : { probe: reason.probe }),
    });
    if (comesBack) {
      starts.push(startOrWait('containers', container, lastEnd(seen, container.name), reason.because, inputs));
    }
  }
  if (kept === 0 && starts.length === 0) return false;
  plan.starts.push(...initStarts, ...starts);
  return true;
}

function reasonToStart(
  container: RunnableContainer,
  status: ObservedContainer | undefined,
  pod: Pod,
): string | undefined {
  if (pod.metadata?.deletionTimestamp !== undefined) return undefined;
  switch (status?.state) {
    case undefined:
      return 'it was never started';
    case 'running':
      return undefined;
    case 'created':
      return 'it was created but never started';
    case 'unknown':
      return 'its state is unknown';
    case 'exited':
      return restartsAfter(container, pod, status.exitCode) ? `it exited with ${status.exitCode}` : undefined;
  }
}

function reasonToKill(
  container: RunnableContainer,
  status: ObservedContainer,
  { hashOf, liveness, startup, resize }: DecisionInputs,
): { because: string; changed?: true; probe?: 'liveness' | 'startup' } | undefined {
  if (status.hash !== hashOf(container)) return { because: 'definition changed', changed: true };
  if (liveness(status.id) === 'failure') return { because: 'failed liveness probe', probe: 'liveness' };
  if (startup(status.id) === 'failure') return { because: 'failed startup probe', probe: 'startup' };
  if (resize.restarts.has(container.name)) return { because: resizeRestart, changed: true };
  return undefined;
}

/** Of init containers that start again, or have more than one past, only the newest past stays. */
function prune(pod: Pod, seen: ObservedPod, starts: readonly PodAction[]): readonly PodAction[] {
  if (starts.length === 0) return [];
  return (pod.spec?.initContainers ?? []).flatMap(({ name }) =>
    seen.containers
      .filter((c) => c.name === name && (c.state === 'exited' || c.state === 'unknown'))
      .slice(1)
      .map(({ id }): PodAction => ({ kind: 'removeContainer', id, container: name, because: 'a newer one is known' })),
  );
}
