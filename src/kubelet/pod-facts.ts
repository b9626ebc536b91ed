import type { Container, EphemeralContainer, ObjectReference, Pod, PodStatus } from '../api/types.ts';
import type { RunnableContainer } from './parts.ts';

/** What can be read off a pod's own JSON, for all managers alike. */

export const configSource = 'kubernetes.io/config.source';
export const configHash = 'kubernetes.io/config.hash';
export const configMirror = 'kubernetes.io/config.mirror';
export const configSeen = 'kubernetes.io/config.seen';

/** The three lists of containers in a pod's spec. */
export type ContainerList = 'initContainers' | 'containers' | 'ephemeralContainers';

export interface ListedContainer {
  readonly list: ContainerList;
  readonly container: RunnableContainer;
}

export const uidOf = (pod: Pod): string => pod.metadata?.uid ?? '';
export const nameOf = (pod: Pod): string => pod.metadata?.name ?? '';
export const namespaceOf = (pod: Pod): string => pod.metadata?.namespace ?? '';

/** `name_namespace`: the key under which a static pod and its mirror are one. */
export const fullNameOf = (pod: Pod): string => `${nameOf(pod)}_${namespaceOf(pod)}`;

/** `name_namespace(uid)`: how messages name a pod. */
export const describePod = (pod: Pod): string => `${fullNameOf(pod)}(${uidOf(pod)})`;

/** `namespace/name`: how log lines name a pod. */
export const logNameOf = (pod: Pod): string => `${namespaceOf(pod)}/${nameOf(pod)}`;

export const isMirrorPod = (pod: Pod): boolean => pod.metadata?.annotations?.[configMirror] !== undefined;

/** From a file or a URL rather than from the API. */
export const isStaticPod = (pod: Pod): boolean => {
  const source = pod.metadata?.annotations?.[configSource];
  return source !== undefined && source !== 'api';
};

/** Whether a mirror shows the static pod's present manifest, rather than an earlier one of the same name. */
export const isMirrorOf = (mirror: Pod, pod: Pod): boolean =>
  mirror.metadata?.annotations?.[configMirror] === pod.metadata?.annotations?.[configHash];

/** What the API last heard of a static pod; an earlier manifest's restarts and ends are not its own. */
export const mirroredStatus = (mirror: Pod | undefined, pod: Pod): PodStatus | undefined =>
  mirror !== undefined && isMirrorOf(mirror, pod) ? mirror.status : undefined;

export const isCriticalPod = (pod: Pod): boolean =>
  isStaticPod(pod) || isMirrorPod(pod) || (pod.spec?.priority ?? 0) >= 2_000_000_000;

export const isHostNetwork = (pod: Pod): boolean => pod.spec?.hostNetwork === true;

/** An init container that stays up beside the others. */
export const isSidecar = (container: RunnableContainer | Container): boolean => container.restartPolicy === 'Always';

export const hasSidecars = (pod: Pod): boolean => (pod.spec?.initContainers ?? []).some(isSidecar);

const asRunnable = (container: EphemeralContainer): RunnableContainer => container as RunnableContainer;

/** Every container of the pod: init, then regular, then ephemeral, each in the spec's order. */
export function listContainers(pod: Pod): readonly ListedContainer[] {
  return [
    ...(pod.spec?.initContainers ?? []).map((container) => ({ list: 'initContainers' as const, container })),
    ...(pod.spec?.containers ?? []).map((container) => ({ list: 'containers' as const, container })),
    ...(pod.spec?.ephemeralContainers ?? []).map((container) => ({
      list: 'ephemeralContainers' as const,
      container: asRunnable(container),
    })),
  ];
}

export const findContainer = (pod: Pod, name: string): ListedContainer | undefined =>
  listContainers(pod).find(({ container }) => container.name === name);

/** The container's extended resource comes from a claim that the scheduler made, and not from a device plugin. */
export const isClaimed = (pod: Pod, containerName: string, resource: string): boolean =>
  pod.status?.extendedResourceClaimStatus?.requestMappings.some(
    (mapping) => mapping.containerName === containerName && mapping.resourceName === resource,
  ) ?? false;

/** The object an Event about the pod refers to. */
export const podReference = (pod: Pod): ObjectReference => ({
  apiVersion: 'v1',
  kind: 'Pod',
  name: nameOf(pod),
  namespace: namespaceOf(pod),
  uid: uidOf(pod),
  ...(pod.metadata?.resourceVersion === undefined ? {} : { resourceVersion: pod.metadata.resourceVersion }),
});

/** The object an Event about one of its containers refers to. */
export function containerReference(pod: Pod, containerName: string): ObjectReference {
  const found = findContainer(pod, containerName);
  if (found === undefined) return podReference(pod);
  return { ...podReference(pod), fieldPath: `spec.${found.list}{${containerName}}` };
}

/** The pod's phase will not change any more. */
export const isTerminalPhase = (phase: string | undefined): boolean => phase === 'Failed' || phase === 'Succeeded';

/** Folder of the pod's logs below the logs' root: `namespace_name_uid`. */
export const podLogFolder = (pod: Pod): string => `${namespaceOf(pod)}_${nameOf(pod)}_${uidOf(pod)}`;
