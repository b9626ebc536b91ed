import type { Node, Pod, PodStatus } from '../api/types.ts';
import type { Instant } from '../base/clock.ts';
import type { ContainerConfig, PodSandboxConfig } from '../cri/port.ts';
import type { ObservedPod } from './observed.ts';
import type { CgroupSettings } from './resources/cgroup-settings.ts';

/**
 * How the kubelet's managers see one another. Each is implemented in the folder of its name, built once in main.ts,
 * and handed to whoever needs it. Pods are those of the sources: `metadata.uid` is the static UID for static pods.
 */

/** The pods that should be on this node, with the mirror pods known to the API. (sources/) */
export interface PodCatalog {
  pods(): readonly Pod[];
  byUid(uid: string): Pod | undefined;
  byFullName(namespace: string, name: string): Pod | undefined;
  /** The mirror pod of a static pod, as the API has it. */
  mirrorOf(pod: Pod): Pod | undefined;
  /** A mirror's UID → the static pod's; any other UID is answered unchanged. */
  translateUid(uid: string): string;
}

/** What the runtime has, by pod UID. (pleg/) */
export interface PodCache {
  get(uid: string): ObservedPod | undefined;
  /** All pods seen at the last relist. */
  all(): readonly ObservedPod[];
  /** Resolves with a state observed after `newerThan`. */
  getNewerThan(uid: string, newerThan: Instant, signal: AbortSignal): Promise<ObservedPod>;
  /** Asks the runtime for one pod now; the result comes through `getNewerThan` and the PLEG's events. */
  requestRelist(uid: string): void;
}

/** Statuses as last computed, and their way to the API. (status/) */
export interface StatusManager {
  get(uid: string): PodStatus | undefined;
  set(pod: Pod, status: PodStatus): void;
  /** The worker has finished with the pod: its API object may be deleted once its status is terminal. */
  podFinished(pod: Pod): void;
  forget(uid: string): void;
}

/** Secrets, ConfigMaps and service account tokens of pods on this node. Rejects with an ApiError (404: not found). (objects/) */
export interface PodObjects {
  secret(
    namespace: string,
    name: string,
  ): Promise<{
    readonly data: Readonly<Record<string, Uint8Array>>;
    readonly type: string;
    readonly uid?: string | undefined;
  }>;
  configMap(
    namespace: string,
    name: string,
  ): Promise<{
    readonly data: Readonly<Record<string, string>>;
    readonly binaryData: Readonly<Record<string, Uint8Array>>;
  }>;
  token(pod: Pod, audiences: readonly string[], expirationSeconds: number): Promise<string>;
  /** Watches what the pod refers to for as long as the pod is registered. */
  register(pod: Pod): void;
  unregister(pod: Pod): void;
}

/** Services known to the node, for environment variables. (objects/) */
export interface ServiceLister {
  synced(): boolean;
  list(namespace: string): readonly import('../api/types.ts').Service[];
}

/** Volumes of one pod, ready to be mounted into its containers: volume name → path on the node. (volumes/) */
export type MountedVolumes = ReadonlyMap<string, MountedVolume>;

export interface MountedVolume {
  readonly hostPath: string;
  /** The whole volume is read-only, whatever the mount says. */
  readonly readOnly: boolean;
  /** A volume of type image: mounted by the runtime. */
  readonly image?: {
    readonly reference: string;
    readonly pullPolicy: string;
    /** Known once the image is there. */
    readonly id?: string;
  };
  /** A raw block device: passed in, not mounted. */
  readonly device?: true;
}

export interface VolumeManager {
  /** Sets up every volume of the pod (again: updates their content). Rejects with the first problem after its Event was written. */
  mount(pod: Pod, signal: AbortSignal): Promise<MountedVolumes>;
  /** Tears down and removes all volumes of the pod; resolves when its volume folders are gone. */
  unmount(uid: string): Promise<void>;
}

/** Mounts and environment of a container about to be created. (containers/env, containers/mounts) */
export interface ContainerInputs {
  /** Environment in CRI's form. Rejects with CreateContainerConfigError's text. */
  environment(
    pod: Pod,
    container: RunnableContainer,
    podIps: readonly string[],
    volumes: MountedVolumes,
  ): Promise<readonly { key: string; value: string }[]>;
  /** CRI mounts for the container's volumeMounts, subPaths prepared. */
  mounts(
    pod: Pod,
    container: RunnableContainer,
    environment: readonly { key: string; value: string }[],
    volumes: MountedVolumes,
  ): Promise<ContainerConfig['mounts']>;
}

/** A container of any of the three lists of a pod's spec. */
export type RunnableContainer = NonNullable<Pod['spec']>['containers'][number] & { targetContainerName?: string };

/** Pulls images as the container's policy says. Rejects with an `ImageError` (reason ErrImagePull, ImagePullBackOff…). (images/) */
export interface ImageManager {
  ensure(
    pod: Pod,
    container: RunnableContainer,
    sandbox: PodSandboxConfig | undefined,
    signal: AbortSignal,
  ): Promise<string>;
  /** The same for a volume of type image, which is the whole pod's. */
  ensureForVolume(
    pod: Pod,
    volume: { readonly reference: string; readonly pullPolicy: string },
    sandbox: PodSandboxConfig | undefined,
    signal: AbortSignal,
  ): Promise<string>;
}

export type ProbeKind = 'liveness' | 'readiness' | 'startup';

/** Probes the containers of pods that run. (probes/) */
export interface ProbeManager {
  addPod(pod: Pod): void;
  /** Somebody wants to know whether the container is ready: it is asked now rather than in its time. */
  hastenReadiness(podUid: string, container: string): void;
  /** Deletion began: only readiness goes on. */
  stopLivenessAndStartup(pod: Pod): void;
  removePod(uid: string): void;
  /** The last settled result for a container instance (container ID as CRI has it). */
  readiness(containerId: string): 'success' | 'failure' | 'unknown';
  liveness(containerId: string): 'success' | 'failure' | 'unknown';
  startup(containerId: string): 'success' | 'failure' | 'unknown';
  /** Called whenever a settled result changed. */
  onChange(listener: (podUid: string, probe: ProbeKind, result: 'success' | 'failure' | 'unknown') => void): void;
}

/** The pod's cgroup and the tree it stands in. (resources/) */
export interface PodCgroups {
  /** Makes kubepods and the QoS cgroups, and sets node allocatable. */
  start(): Promise<void>;
  /** Makes the pod's cgroup with what the pod was granted; one that is there is left as it is. */
  ensurePod(pod: Pod): Promise<void>;
  /** Whether the pod's cgroup is there; where pods have none, it counts as there. */
  exists(pod: Pod): boolean;
  /** What the pod's cgroup should be set to. */
  wanted(pod: Pod): CgroupSettings;
  /** What it is set to; undefined when there is none. */
  current(pod: Pod): CgroupSettings | undefined;
  /** Sets some of it. Rejects with what the kernel says. */
  apply(pod: Pod, settings: CgroupSettings): Promise<void>;
  /** Bytes of memory that the pod uses. */
  memoryUsage(pod: Pod): number;
  /** cgroup_parent for CRI, in the driver's notation; empty when cgroupsPerQOS is off. */
  parentOf(pod: Pod): string;
  removePod(pod: Pick<Pod, 'metadata' | 'spec'>): Promise<void>;
  /** Removes pod cgroups of UIDs that are not in `keep`. */
  removeOrphans(keep: ReadonlySet<string>): Promise<void>;
}

/** This node as the API knows it, and what the kubelet knows of itself. (node/) */
export interface NodeFacts {
  readonly name: string;
  /** The Node object last seen from the API; undefined before registration or standalone. */
  node(): Node | undefined;
  /** hostIP first, then the second family's if there is one. */
  hostIps(): readonly string[];
  capacity(): Readonly<Record<string, string>>;
  allocatable(): Readonly<Record<string, string>>;
}

/** What the node tells of volumes that controllers attach to it. (csi/) */
export interface NodeStorage {
  /** Why the node takes no pods yet on account of its volumes; undefined when there is nothing in the way. */
  problem(): string | undefined;
  /** The Node object is there. Resolves when what goes with it is, or was seen to fail. */
  registered(): Promise<void>;
  /** For status.volumesInUse; undefined while it is not known: then what is there stays. */
  volumesInUse(): Promise<readonly string[] | undefined>;
}

/** Problems that make the node NotReady. (node/runtime-state) */
export interface RuntimeState {
  /** Runtime, PLEG and storage errors: while there is one, pods are not synced. */
  runtimeErrors(): readonly string[];
  /** The network's error, or undefined when pods may have addresses. */
  networkError(): string | undefined;
}
