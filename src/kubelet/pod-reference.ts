import type { ObjectReference, Pod } from '../api/types.ts';

/** What an Event about a pod points at. Static pods are known by their own UID, not their mirror's. */
export const podReference = (pod: Pod): ObjectReference => ({
  apiVersion: 'v1',
  kind: 'Pod',
  namespace: pod.metadata?.namespace ?? '',
  name: pod.metadata?.name ?? '',
  uid: pod.metadata?.uid ?? '',
  ...(pod.metadata?.resourceVersion === undefined ? {} : { resourceVersion: pod.metadata.resourceVersion }),
});

/** As `podReference`, with the container's place in the spec (`spec.containers{web}`). */
export function containerReference(pod: Pod, containerName: string): ObjectReference {
  const has = (list: readonly { readonly name: string }[] | undefined) =>
    list?.some(({ name }) => name === containerName);
  const list = has(pod.spec?.initContainers)
    ? 'initContainers'
    : has(pod.spec?.ephemeralContainers)
      ? 'ephemeralContainers'
      : 'containers';
  return { ...podReference(pod), fieldPath: `spec.${list}{${containerName}}` };
}

/** `name_namespace(uid)`, as messages name a pod. */
export const podFullName = (pod: Pod): string =>
  `${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})`;

/** `namespace/name`, as log lines name a pod. */
export const podLogName = (pod: {
  readonly metadata?: { readonly namespace?: string; readonly name?: string };
}): string => `${pod.metadata?.namespace}/${pod.metadata?.name}`;
