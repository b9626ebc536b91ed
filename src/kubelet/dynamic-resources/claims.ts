import type { Pod, ResourceClaim } from '../../api/types.ts';
import type { RunnableContainer } from '../parts.ts';
import { nameOf, namespaceOf, uidOf } from '../pod-facts.ts';

type PodClaim = NonNullable<NonNullable<Pod['spec']>['resourceClaims']>[number];

/** A claim that a pod refers to. */
export interface ReferredClaim {
  readonly name: string;
  /** Made for this pod from a template: then the pod has to be its owner. */
  readonly owned: boolean;
}

/**
 * The ResourceClaim behind one of the pod's claims; undefined: none was needed. Throws while it has not been made.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
 */
export function findClaim(pod: Pod, claim: PodClaim): ReferredClaim | undefined {
  const where = `pod "${namespaceOf(pod)}/${nameOf(pod)}"`;
  if (claim.resourceClaimName !== undefined) return { name: claim.resourceClaimName, owned: false };
  if (claim.resourceClaimTemplateName === undefined)
    throw new Error(`${where}, spec.resourceClaim "${claim.name}": none of the supported fields are set`);
  const made = pod.status?.resourceClaimStatuses?.find(({ name }) => name === claim.name);
  if (made === undefined) throw new Error(`${where}: ResourceClaim not created yet`);
  return made.resourceClaimName === undefined ? undefined : { name: made.resourceClaimName, owned: true };
}

/** Every ResourceClaim of the pod, the one that the scheduler made for extended resources too. */
export function claimsOf(pod: Pod): readonly ReferredClaim[] {
  const extended = pod.status?.extendedResourceClaimStatus;
  return [
    ...(pod.spec?.resourceClaims ?? []).map((claim) => findClaim(pod, claim)),
    extended && { name: extended.resourceClaimName, owned: false },
  ].filter((claim) => claim !== undefined);
}

/** Why the pod may not use the claim; undefined: it may. */
export function findClaimProblem(pod: Pod, claim: ResourceClaim, { name, owned }: ReferredClaim): string | undefined {
  const isOwner = claim.metadata?.ownerReferences?.some(({ controller, uid }) => controller && uid === uidOf(pod));
  if (owned && !isOwner) {
    const [claimed, wanted] = [`${namespaceOf(pod)}/${name}`, `${namespaceOf(pod)}/${nameOf(pod)}`];
    return `ResourceClaim ${claimed} was not created for Pod ${wanted} (Pod is not owner)`;
  }
  if (!claim.status?.reservedFor?.some(({ uid }) => uid === uidOf(pod)))
    return `pod ${nameOf(pod)} (${uidOf(pod)}) is not allowed to use ResourceClaim ${name} (${claim.metadata?.uid})`;
  if (claim.status.allocation === undefined) return `ResourceClaim ${name}: not allocated`;
  const results = claim.status.allocation.devices?.results ?? [];
  if (results.some((result) => 'skipNodeOperations' in result))
    return `ResourceClaim ${name}: DRAOptionalNodeOperations feature gate is disabled on kubelet`;
  return undefined;
}

/** The drivers whose devices a claim was allocated, each once. */
export const driversOf = (claim: ResourceClaim): readonly string[] => [
  ...new Set((claim.status?.allocation?.devices?.results ?? []).map(({ driver }) => driver)),
];

/** Devices of requests, or (undefined) of all requests, of one ResourceClaim. */
export interface WantedDevices {
  readonly claim: string;
  readonly request: string | undefined;
}

/** What the container is to be given of the pod's claims. Throws while a claim has not been made. */
export function devicesWantedBy(pod: Pod, container: RunnableContainer): readonly WantedDevices[] {
  const wanted = container.resources?.claims ?? [];
  const own = (pod.spec?.resourceClaims ?? []).flatMap((podClaim) => {
    const requests = wanted.filter(({ name }) => name === podClaim.name);
    const claim = requests.length === 0 ? undefined : findClaim(pod, podClaim);
    return claim === undefined
      ? []
      : requests.map(({ request }) => ({ claim: claim.name, request: request || undefined }));
  });
  const extended = pod.status?.extendedResourceClaimStatus;
  const asked = container.resources?.requests ?? {};
  const mapped = (extended?.requestMappings ?? []).filter(
    ({ containerName, resourceName }) =>
      containerName === container.name && !['', '0'].includes(asked[resourceName] ?? ''),
  );
  return [
    ...own,
    ...mapped.map(({ requestName }) => ({ claim: extended?.resourceClaimName ?? '', request: requestName })),
  ];
}
