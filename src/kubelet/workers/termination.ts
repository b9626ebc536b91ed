import type { LifecycleHandler, ObjectReference, Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { CriError, type CriRuntime } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import { annotations } from '../containers/labels.ts';
import type { ObservedContainer, ObservedPod } from '../observed.ts';
import type { RunnableContainer } from '../parts.ts';
import { containerReference, findContainer, hasSidecars, isSidecar, podReference } from '../pod-facts.ts';
import { runHook } from './hooks.ts';

/** What the runtime is told at least, in seconds, however little is left: SIGTERM must have a chance. */
export const minimumStopSeconds = 2;

/** What stopping one container takes, from the pod's spec or, when that is gone, from the container's annotations. */
export interface StopSpec {
  readonly graceSeconds: number;
  readonly preStop: LifecycleHandler | undefined;
  readonly ports: RunnableContainer['ports'];
}

export interface StopOptions {
  /** Instead of the pod's own grace period. */
  readonly graceOverride?: number;
  /** The probe whose failure kills the container. */
  readonly probe?: 'liveness' | 'startup';
}

const parseJson = <T>(text: string | undefined): T | undefined => {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
};

const seconds = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

/** How long a container has to end by itself, and what runs before. */
export function computeStopSpec(
  pod: Pod | undefined,
  seen: Pick<ObservedContainer, 'name' | 'annotations'>,
  { graceOverride, probe }: StopOptions,
): StopSpec {
  const spec = pod && findContainer(pod, seen.name)?.container;
  const kept = seen.annotations;
  const probeSpec = probe === 'liveness' ? spec?.livenessProbe : probe === 'startup' ? spec?.startupProbe : undefined;
  const ofSpec = pod?.spec
    ? (pod.metadata?.deletionGracePeriodSeconds ??
      probeSpec?.terminationGracePeriodSeconds ??
      pod.spec.terminationGracePeriodSeconds)
    : (seconds(kept[annotations.deletionGracePeriod]) ?? seconds(kept[annotations.terminationGracePeriod]));
  return {
    graceSeconds: graceOverride ?? ofSpec ?? minimumStopSeconds,
    preStop: spec === undefined ? parseJson(kept[annotations.preStopHandler]) : spec.lifecycle?.preStop,
    ports: spec === undefined ? parseJson(kept[annotations.ports]) : spec.ports,
  };
}

/** Which containers must have ended before this one is told to: sidecars outlive regular containers and later sidecars. */
export function mustEndBefore(pod: Pod, container: string): readonly string[] {
  const inits = pod.spec?.initContainers ?? [];
  const at = inits.findIndex((c) => c.name === container && isSidecar(c));
  if (at < 0) return [];
  const later = inits.slice(at + 1).filter(isSidecar);
  return [...later, ...(pod.spec?.containers ?? [])].map(({ name }) => name);
}

/** The container of a pod whose spec is gone, as Events speak of it: which list it was in is not known. */
const ownerOf = ({ namespace, name, uid }: ObservedPod, container: string): ObjectReference => ({
  apiVersion: 'v1',
  kind: 'Pod',
  namespace,
  name,
  uid,
  fieldPath: `implicitly required container ${container}`,
});

export interface TerminatorOptions {
  readonly cri: Pick<CriRuntime, 'stopContainer' | 'stopPodSandbox' | 'execSync'>;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly version: string;
}

export interface StopContainerOptions extends StopOptions {
  /** The Killing event's text. */
  readonly message?: string;
  /** It has its turn only then. */
  readonly after?: Promise<unknown>;
  /** Whose container it is, for a pod whose spec is not known any more. */
  readonly owner?: ObjectReference;
}

export interface Terminator {
  /** Stops one container: preStop, then SIGTERM, then SIGKILL. */
  stopContainer(
    pod: Pod | undefined,
    seen: Pick<ObservedContainer, 'id' | 'name' | 'annotations'>,
    podIp: string,
    options: StopContainerOptions,
    signal: AbortSignal,
  ): Promise<void>;
  /** Stops every running container of the pod, sidecars last, and then its sandboxes. */
  stopPod(pod: Pod | undefined, seen: ObservedPod, options: StopOptions, signal: AbortSignal): Promise<void>;
}

/** Stops containers and pods, within their grace periods. */
export function createTerminator({ cri, clock, journal, version }: TerminatorOptions): Terminator {
  const ignoreGone = (error: unknown): void => {
    if (!(error instanceof CriError && error.code === 'notFound')) throw error;
  };

  /** Waits for `task`, but no longer than the grace period allows: then it goes on unwatched, and may still fail. */
  async function within(ms: number, signal: AbortSignal, task: Promise<unknown>) {
    const over = new AbortController();
    const timer = clock.sleep(ms, AbortSignal.any([signal, over.signal])).catch(() => undefined);
    try {
      await Promise.race([task, timer]);
    } finally {
      over.abort();
    }
  }

  const terminator: Terminator = {
    async stopContainer(pod, seen, podIp, options, signal) {
      const { graceSeconds, preStop, ports } = computeStopSpec(pod, seen, options);
      const object = pod === undefined ? options.owner : containerReference(pod, seen.name);
      const startedAt = clock.now();
      let leftSeconds = graceSeconds;
      /** Begun seconds are not counted: a container without hooks has its whole grace period. */
      const spend = async (task: Promise<unknown>): Promise<void> => {
        const from = clock.now();
        await within(leftSeconds * 1000, signal, task);
        leftSeconds -= Math.floor((clock.now() - from) / 1000);
      };
      journal.write({
        kind: 'pod.containerKilling',
        object,
        containerId: seen.id,
        container: seen.name,
        graceSeconds,
        message: options.message ?? `Stopping container ${seen.name}`,
      });
      const onFallback = (host: string) =>
        journal.write({ kind: 'pod.hookFellBack', object: pod && podReference(pod), host });
      if (preStop !== undefined && graceSeconds > 0) {
        const hook = runHook(
          preStop,
          { containerId: seen.id, ports, podIp },
          { cri, clock, version, onFallback },
          signal,
        ).catch((error) => {
          if (signal.aborted) return;
          journal.write({
            kind: 'pod.hookFailed',
            hook: 'preStop',
            object,
            container: seen.name,
            error: messageOf(error),
          });
        });
        await spend(hook);
        signal.throwIfAborted();
      }
      const { after } = options;
      if (after !== undefined && leftSeconds > 0) await spend(after);
      signal.throwIfAborted();
      const stopSeconds = Math.max(minimumStopSeconds, leftSeconds);
      await cri.stopContainer(seen.id, stopSeconds, { signal }).catch(ignoreGone);
      journal.write({
        kind: 'pod.containerKilled',
        object,
        container: seen.name,
        containerId: seen.id,
        ms: clock.now() - startedAt,
      });
    },

    async stopPod(pod, seen, options, signal) {
      const running = seen.containers.filter(({ state }) => state === 'running');
      const ended = new Map(running.map(({ name }) => [name, Promise.withResolvers<void>()]));
      const ordered = pod !== undefined && hasSidecars(pod);
      const results = await Promise.allSettled(
        running.map(async (container) => {
          try {
            const before = ordered
              ? mustEndBefore(pod, container.name).flatMap((n) => ended.get(n)?.promise ?? [])
              : [];
            const after = before.length === 0 ? {} : { after: Promise.all(before) };
            const owner = ownerOf(seen, container.name);
            await terminator.stopContainer(pod, container, seen.ips[0] ?? '', { ...options, ...after, owner }, signal);
          } finally {
            ended.get(container.name)?.resolve();
          }
        }),
      );
      const failed = results.find((r) => r.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      await Promise.all(seen.sandboxes.map(({ id }) => cri.stopPodSandbox(id, { signal }).catch(ignoreGone)));
    },
  };
  return terminator;
}
