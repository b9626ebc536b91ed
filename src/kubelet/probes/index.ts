import type { Container, Pod, PodStatus, Probe } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { CriRuntime } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import type { PodCache, ProbeKind, ProbeManager } from '../parts.ts';
import { containerReference, logNameOf, uidOf } from '../pod-facts.ts';
import { attemptProbe } from './attempt.ts';
import type { ProbeResult } from './decide.ts';
import { ProbeWorker } from './worker.ts';

export interface ProbeManagerOptions {
  readonly runtime: Pick<CriRuntime, 'execSync'>;
  readonly cache: Pick<PodCache, 'get'>;
  /** The pod's status as it was last computed. */
  readonly statusOf: (podUid: string) => PodStatus | undefined;
  readonly clock: Clock;
  readonly journal: Journal;
  /** `kube-probe/1.37` */
  readonly userAgent: string;
  readonly random?: () => number;
}

type Listener = Parameters<ProbeManager['onChange']>[0];

const probesOf = (container: Container): readonly (readonly [ProbeKind, Probe | undefined])[] => [
  ['startup', container.startupProbe],
  ['readiness', container.readinessProbe],
  ['liveness', container.livenessProbe],
];

/** Containers that are probed: the regular ones and the sidecars. */
const probedContainers = (pod: Pod): readonly Container[] => [
  ...(pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ...(pod.spec?.containers ?? []),
];

/** Runs a worker for each probe of each container of the pods it was given. */
export function probeManager(options: ProbeManagerOptions): ProbeManager {
  const { runtime, cache, statusOf, clock, journal, userAgent, random = Math.random } = options;
  const kubeletStartedAt = clock.now();
  /** pod UID → workers, by `container/kind`. */
  const workers = new Map<string, Map<string, ProbeWorker>>();
  const results: Readonly<Record<ProbeKind, Map<string, ProbeResult>>> = {
    liveness: new Map(),
    readiness: new Map(),
    startup: new Map(),
  };
  const listeners: Listener[] = [];

  function settle(pod: Pod, kind: ProbeKind, containerId: string, result: ProbeResult): void {
    const uid = uidOf(pod);
    const before = results[kind].get(containerId);
    if (before === result) return;
    results[kind].set(containerId, result);
    journal.write({ kind: 'probe.settled', probe: kind, pod: logNameOf(pod), podUid: uid, containerId, result });
    for (const listener of listeners) listener(uid, kind, result);
    if (kind === 'startup' && result === 'success')
      for (const worker of workers.get(uid)?.values() ?? []) worker.trigger();
  }

  function start(pod: Pod, container: Container, kind: ProbeKind, probe: Probe): ProbeWorker {
    const uid = uidOf(pod);
    const object = containerReference(pod, container.name);
    const worker = new ProbeWorker({
      kind,
      pod,
      container,
      probe,
      clock,
      kubeletStartedAt,
      random,
      observe: () => cache.get(uid)?.containers.find(({ name }) => name === container.name),
      started: (id) => container.startupProbe === undefined || results.startup.get(id) === 'success',
      attempt: (containerId) => {
        // Of a pod on the host's network only the status knows an address.
        const podIp = statusOf(uid)?.podIP ?? '';
        return attemptProbe({ pod, container, probe, containerId, podIp }, runtime, userAgent);
      },
      onOutcome: (outcome, containerId, ms) => {
        journal.write({
          kind: 'probe.attempted',
          probe: kind,
          object,
          container: container.name,
          containerId,
          outcome,
          ms,
        });
      },
      onSettled: (containerId, result) => settle(pod, kind, containerId, result),
    });
    void worker
      .run()
      .then(() => journal.write({ kind: 'probe.ended', probe: kind, object, container: container.name }));
    return worker;
  }

  /** A container that had started before the kubelet was restarted is not asked again whether it has. */
  function adoptStart(uid: string, name: string): void {
    const status = statusOf(uid);
    const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    const { started, containerID = '' } = all.find((known) => known.name === name) ?? {};
    const id = containerID.replace(/^.*:\/\//, '');
    if (started && !results.startup.has(id)) results.startup.set(id, 'success');
  }

  return {
    addPod(pod) {
      const uid = uidOf(pod);
      const existing = workers.get(uid) ?? new Map<string, ProbeWorker>();
      for (const container of probedContainers(pod)) {
        if (container.startupProbe !== undefined) adoptStart(uid, container.name);
        for (const [kind, probe] of probesOf(container)) {
          const key = `${container.name}/${kind}`;
          if (probe !== undefined && !existing.has(key)) existing.set(key, start(pod, container, kind, probe));
        }
      }
      if (existing.size > 0) workers.set(uid, existing);
    },
    hastenReadiness: (uid, container) => workers.get(uid)?.get(`${container}/readiness`)?.trigger(),
    stopLivenessAndStartup(pod) {
      const existing = workers.get(uidOf(pod));
      for (const [key, worker] of existing ?? []) {
        if (worker.kind === 'readiness') continue;
        worker.stop();
        existing?.delete(key);
      }
    },
    removePod(uid) {
      for (const worker of workers.get(uid)?.values() ?? []) worker.stop();
      workers.delete(uid);
      for (const { id } of cache.get(uid)?.containers ?? []) for (const map of Object.values(results)) map.delete(id);
    },
    readiness: (id) => results.readiness.get(id) ?? 'unknown',
    liveness: (id) => results.liveness.get(id) ?? 'unknown',
    startup: (id) => results.startup.get(id) ?? 'unknown',
    onChange: (listener) => void listeners.push(listener),
  };
}
