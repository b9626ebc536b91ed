import type {
  CoreV1Event,
  ResourceV1ResourceClaim,
  V1ConfigMap,
  V1Container,
  V1ContainerStatus,
  V1EnvVar,
  V1EphemeralContainer,
  V1Lease,
  V1Lifecycle,
  V1LifecycleHandler,
  V1Node,
  V1NodeAddress,
  V1NodeCondition,
  V1NodeStatus,
  V1ObjectMeta,
  V1ObjectReference,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodCondition,
  V1PodSpec,
  V1PodStatus,
  V1Probe,
  V1ResourceRequirements,
  V1Secret,
  V1Service,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node';

/** A type of @kubernetes/client-node as it is on the wire: times are RFC 3339 strings, not Dates. */
export type Json<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

export type Pod = Json<V1Pod>;
export type PodSpec = Json<V1PodSpec>;
export type PodStatus = Json<V1PodStatus>;
export type PodCondition = Json<V1PodCondition>;
export type Container = Json<V1Container>;
export type EphemeralContainer = Json<V1EphemeralContainer>;
export type ContainerStatus = Json<V1ContainerStatus>;
export type ObjectMeta = Json<V1ObjectMeta>;
export type ObjectReference = Json<V1ObjectReference>;
export type EnvVar = Json<V1EnvVar>;
export type Probe = Json<V1Probe>;
export type Lifecycle = Json<V1Lifecycle>;
export type LifecycleHandler = Json<V1LifecycleHandler>;
export type ResourceRequirements = Json<V1ResourceRequirements>;
export type Volume = Json<V1Volume>;
export type VolumeMount = Json<V1VolumeMount>;
export type Node = Json<V1Node>;
/** With what the client library has not heard of yet. */
export type NodeStatus = Json<V1NodeStatus> & { nodeInfo?: { runningInUserNamespace?: boolean } };
export type NodeAddress = Json<V1NodeAddress>;
export type NodeCondition = Json<V1NodeCondition>;
export type ConfigMap = Json<V1ConfigMap>;
export type PersistentVolume = Json<V1PersistentVolume>;
export type PersistentVolumeClaim = Json<V1PersistentVolumeClaim>;
export type ResourceClaim = Json<ResourceV1ResourceClaim>;
export type Secret = Json<V1Secret>;
export type Service = Json<V1Service>;
export type Lease = Json<V1Lease>;
export type KubeEvent = Json<CoreV1Event>;
