import type { Pod, PodSpec } from '../api/types.ts';
import { hashContainer } from './containers/hash.ts';
import type { ObservedContainer, ObservedContainerState, ObservedPod, ObservedSandbox } from './observed.ts';
import type { RunnableContainer } from './parts.ts';

/** Builders for tests: they answer something whole, and each test says only what matters to it. */

export const noon = Date.UTC(2026, 0, 1, 12);

export const aContainer = (name: string, more: Partial<RunnableContainer> = {}): RunnableContainer => ({
  name,
  image: 'busybox:1.37',
  ...more,
});

export const aSidecar = (name: string, more: Partial<RunnableContainer> = {}): RunnableContainer =>
  aContainer(name, { restartPolicy: 'Always', ...more });

export function aPod(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'uid-1', ...metadata },
    spec: { restartPolicy: 'Always', containers: [aContainer('main')], ...spec },
  };
}

/** A pod as the API has it after its deletion was asked for. */
export const deleted = (pod: Pod, graceSeconds = 30): Pod => ({
  ...pod,
  metadata: {
    ...pod.metadata,
    deletionTimestamp: new Date(noon).toISOString(),
    deletionGracePeriodSeconds: graceSeconds,
  },
});

export const aSandbox = (more: Partial<ObservedSandbox> = {}): ObservedSandbox => ({
  id: 'sandbox-0',
  attempt: 0,
  createdAt: noon - 60_000,
  ready: true,
  networkMode: 'pod',
  ips: ['10.244.1.2'],
  runtimeHandler: '',
  ...more,
});

export type SeenFacts = Partial<Omit<ObservedContainer, keyof ObservedContainerState>>;

/** A container as the runtime has it; `image` counts for the hash it carries. */
export function aSeen(name: string, state: ObservedContainerState, more: SeenFacts = {}): ObservedContainer {
  const image = more.image ?? 'busybox:1.37';
  return {
    id: `${name}-0`,
    name,
    sandboxId: 'sandbox-0',
    restartCount: 0,
    hash: hashContainer({ name, image }),
    image,
    imageRef: 'sha256:abc',
    imageId: 'sha256:abc',
    createdAt: noon - 50_000,
    logPath: `/var/log/pods/default_web_uid-1/${name}/0.log`,
    labels: {},
    annotations: {},
    resources: undefined,
    user: undefined,
    ...more,
    ...state,
  };
}

export const running: ObservedContainerState = { state: 'running', startedAt: noon - 50_000 };
export const created: ObservedContainerState = { state: 'created' };
export const unknown: ObservedContainerState = { state: 'unknown' };
export const exited = (exitCode: number, finishedAt = noon - 1000): ObservedContainerState => ({
  state: 'exited',
  startedAt: noon - 50_000,
  finishedAt,
  exitCode,
  reason: exitCode === 0 ? 'Completed' : 'Error',
  message: '',
});

/** A pod as the runtime has it: with one good sandbox unless others are given. */
export const aSeenPod = (
  containers: readonly ObservedContainer[] = [],
  more: Partial<ObservedPod> = {},
): ObservedPod => ({
  uid: 'uid-1',
  name: 'web',
  namespace: 'default',
  sandboxes: [aSandbox()],
  containers,
  ips: ['10.244.1.2'],
  observedAt: noon,
  ...more,
});
