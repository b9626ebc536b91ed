import type { ContainerStatus, Pod } from '../../api/types.ts';
import type { RunnableContainer } from '../parts.ts';
import { isSidecar, isStaticPod } from '../pod-facts.ts';
import { restartsAfter } from '../restart-policy.ts';
import { restartingAllContainers } from './container-statuses.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

type Ended = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

/** Where one container stands, as far as the pod's phase cares. */
type Standing =
  | { readonly kind: 'running'; readonly started: boolean }
  | { readonly kind: 'ended'; readonly end: Ended }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'unknown' };

function standingOf(status: ContainerStatus | undefined): Standing {
  if (status?.state?.running !== undefined) return { kind: 'running', started: status.started === true };
  const end = status?.state?.terminated ?? (status?.state?.waiting && status.lastState?.terminated);
  if (end !== undefined) return { kind: 'ended', end };
  return status?.state?.waiting === undefined ? { kind: 'unknown' } : { kind: 'waiting' };
}

export interface PhaseInputs {
  readonly pod: Pod;
  readonly statuses: readonly ContainerStatus[];
  /** Its containers are stopped for good, whatever the restart policy says. */
  readonly stopped: boolean;
  /** Regular containers have been started in the current sandbox. */
  readonly initialized: boolean;
}

/** The pod's phase, from the statuses of its init and regular containers. */
export function computePhase({ pod, statuses, stopped, initialized }: PhaseInputs): Phase {
  const standings = (containers: readonly RunnableContainer[] = []) =>
    containers.map((container) => ({
      container,
      standing: standingOf(statuses.find(({ name }) => name === container.name)),
    }));
  const comesBack = (container: RunnableContainer, end: Ended) =>
    end.reason === restartingAllContainers || restartsAfter(container, pod, end.exitCode);

  const inits = standings(pod.spec?.initContainers);
  const onceOnly = inits.filter(({ container }) => !isSidecar(container));
  const failedForGood = onceOnly.some(
    ({ container, standing }) =>
      standing.kind === 'ended' && standing.end.exitCode !== 0 && !comesBack(container, standing.end),
  );
  if (failedForGood) return 'Failed';

  const sidecars = inits.filter(({ container }) => isSidecar(container)).map(({ standing }) => standing);
  const initPending = onceOnly.some(({ standing }) => standing.kind !== 'ended');
  const sidecarPending = sidecars.some((s) => (s.kind === 'running' ? !s.started : s.kind === 'waiting'));
  if (initPending || (sidecarPending && !initialized)) return 'Pending';

  const regular = standings(pod.spec?.containers);
  const all = [...sidecars, ...regular.map(({ standing }) => standing)];
  if (all.some(({ kind }) => kind === 'waiting' || kind === 'unknown')) return 'Pending';
  if (all.some(({ kind }) => kind === 'running')) return 'Running';
  const ends = regular.flatMap(({ container, standing }) =>
    standing.kind === 'ended' ? [{ container, end: standing.end }] : [],
  );
  const final = stopped && !isStaticPod(pod);
  if (!final && ends.some(({ container, end }) => comesBack(container, end))) return 'Running';
  return ends.every(({ end }) => end.exitCode === 0) ? 'Succeeded' : 'Failed';
}
