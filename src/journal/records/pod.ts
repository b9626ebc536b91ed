import type { ObjectReference } from '../../api/types.ts';
import type { KlogLine, Projections } from '../projection.ts';
import { failure, info, normalEvent, warning, warningEvent } from '../projection.ts';

type ContainerListName = 'initContainers' | 'containers' | 'ephemeralContainers';

/** What the kubelet is told about pods, decides about them, and does to them. `pod` is `namespace/name`. */
export type PodRecord =
  | {
      readonly kind: 'pod.changed';
      readonly operation: 'ADD' | 'UPDATE' | 'REMOVE' | 'DELETE' | 'RECONCILE';
      readonly source: string;
      readonly pods: readonly string[];
    }
  | { readonly kind: 'pod.syncSkipped'; readonly errors: readonly string[] }
  | {
      readonly kind: 'pod.rejected';
      readonly object: ObjectReference;
      readonly reason: string;
      readonly message: string;
    }
  | {
      readonly kind: 'pod.decided';
      readonly pod: string;
      readonly actions: readonly { readonly kind: string; readonly because: string }[];
    }
  | {
      readonly kind: 'pod.synced';
      readonly pod: string;
      readonly uid: string;
      readonly ms: number;
      readonly phase: string;
    }
  | { readonly kind: 'pod.syncFailed'; readonly pod: string; readonly uid: string; readonly error: string }
  | { readonly kind: 'pod.statusUnknown'; readonly object: ObjectReference; readonly error: string }
  | { readonly kind: 'pod.firstSynced'; readonly pod: string; readonly sinceSeenMs: number }
  | {
      readonly kind: 'pod.running';
      readonly pod: string;
      readonly sinceSeenMs: number;
      /** Absent for static pods, which nobody created. */
      readonly sinceCreatedMs?: number;
    }
  | { readonly kind: 'pod.terminating'; readonly pod: string; readonly graceSeconds: number; readonly because: string }
  | { readonly kind: 'pod.stopped'; readonly pod: string; readonly ms: number }
  | { readonly kind: 'pod.finished'; readonly pod: string; readonly uid: string }
  | { readonly kind: 'pod.orphanKilled'; readonly pod: string; readonly uid: string }
  /** A source has it and its worker was through with the pod of the same UID before it. */
  | { readonly kind: 'pod.restarted'; readonly uid: string; readonly isStatic: boolean }
  | { readonly kind: 'pod.networkNotReady'; readonly object: ObjectReference; readonly error: string }
  | { readonly kind: 'pod.cgroupFailed'; readonly object: ObjectReference; readonly error: string }
  | { readonly kind: 'pod.cgroupMissing'; readonly pod: string }
  | { readonly kind: 'pod.dirsFailed'; readonly object: ObjectReference; readonly error: string }
  | { readonly kind: 'pod.killFailed'; readonly object: ObjectReference; readonly error: string }
  | { readonly kind: 'pod.graceExceeded'; readonly object: ObjectReference }
  | { readonly kind: 'pod.deadlineExceeded'; readonly object: ObjectReference }
  | { readonly kind: 'pod.dnsForming'; readonly object: ObjectReference; readonly message: string }
  | { readonly kind: 'pod.dnsMissing'; readonly object: ObjectReference; readonly message: string }
  | { readonly kind: 'pod.sandboxChanged'; readonly object: ObjectReference }
  | { readonly kind: 'pod.sandboxCreated'; readonly pod: string; readonly id: string; readonly ms: number }
  | { readonly kind: 'pod.sandboxFailed'; readonly object: ObjectReference; readonly error: string }
  | { readonly kind: 'pod.sandboxUnknown'; readonly object: ObjectReference; readonly error: string }
  /** A sandbox with users of its own was asked for; whether it and its containers came to be. */
  | { readonly kind: 'pod.userNamespaceStarted'; readonly pod: string; readonly failed: boolean }
  | { readonly kind: 'pod.actionFailed'; readonly pod: string; readonly action: string; readonly error: string }
  | {
      readonly kind: 'pod.containerCreated';
      readonly object: ObjectReference;
      readonly container: string;
      readonly containerId: string;
      /** What the runtime took for it. */
      readonly ms: number;
    }
  | {
      readonly kind: 'pod.containerStarted';
      readonly object: ObjectReference;
      readonly container: string;
      readonly list: ContainerListName;
      readonly containerId: string;
      readonly ms: number;
    }
  | {
      readonly kind: 'pod.containerStartFailed';
      readonly object: ObjectReference;
      readonly container: string;
      readonly list: ContainerListName;
      readonly reason: string;
      readonly message: string;
    }
  | {
      readonly kind: 'pod.backOff';
      readonly object: ObjectReference;
      readonly container: string;
      /** `name_namespace(uid)`. */
      readonly pod: string;
    }
  | {
      readonly kind: 'pod.containerKilling';
      /** Absent for orphans, whose pod is not known any more. */
      readonly object: ObjectReference | undefined;
      readonly container: string;
      readonly containerId: string;
      readonly graceSeconds: number;
      readonly message: string;
    }
  | {
      readonly kind: 'pod.containerKilled';
      readonly object: ObjectReference | undefined;
      readonly container: string;
      readonly containerId: string;
      readonly ms: number;
    }
  | {
      readonly kind: 'pod.hookFailed';
      readonly hook: 'postStart' | 'preStop';
      readonly object: ObjectReference | undefined;
      readonly container: string;
      readonly error: string;
    }
  /** A hook that said HTTPS was answered over plain HTTP only. */
  | { readonly kind: 'pod.hookFellBack'; readonly object: ObjectReference | undefined; readonly host: string }
  | { readonly kind: 'pod.logLinkFailed'; readonly pod: string; readonly container: string; readonly error: string }
  | {
      readonly kind: 'pod.statusPatched';
      readonly pod: string;
      readonly uid: string;
      readonly patch: string;
      readonly ms: number;
    }
  | { readonly kind: 'pod.statusFailed'; readonly pod: string; readonly error: string }
  | { readonly kind: 'pod.illegalStatus'; readonly pod: string; readonly problem: string }
  | { readonly kind: 'pod.deleted'; readonly pod: string; readonly uid: string }
  | { readonly kind: 'pod.deleteFailed'; readonly pod: string; readonly error: string }
  | { readonly kind: 'pod.housekept'; readonly ms: number }
  | {
      /** Folders of pods that no source has. */
      readonly kind: 'pod.orphanFolders';
      readonly found: number;
      /** UIDs. */
      readonly removed: readonly string[];
      readonly volumeErrors: readonly string[];
      readonly folderErrors: readonly string[];
    }
  | { readonly kind: 'pod.cleanupFailed'; readonly what: string; readonly error: string };

const podOf = ({ namespace, name }: ObjectReference): string => `${namespace}/${name}`;

const listLabels: Readonly<Record<ContainerListName, string>> = {
  initContainers: 'init_container',
  containers: 'container',
  ephemeralContainers: 'ephemeral_container',
};

/** These wait for something outside the image or the runtime: their reason says more than the text. */
const reasonIsText = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
]);

/** They come again every other second for as long as what is in the way stays: one line, and all at -v 5. */
const summary = (errors: readonly string[]): readonly KlogLine[] =>
  errors.length === 0
    ? []
    : [
        failure('There were many similar errors. Turn up verbosity to see them.', {
          err: errors[0],
          numErrs: errors.length,
        }),
        ...errors.map((err) => info(5, 'Orphan pod', { err })),
      ];

export const podProjections: Projections<PodRecord> = {
  'pod.changed': {
    log: ({ operation, source, pods }) =>
      info(operation === 'RECONCILE' ? 4 : 2, `SyncLoop ${operation}`, { source, pods }),
  },
  'pod.syncSkipped': {
    log: ({ errors }) => failure('Skipping pod synchronization', { err: `[${errors.join(', ')}]` }),
  },
  'pod.rejected': {
    log: ({ object, reason, message }) => info(0, 'Pod admission denied', { pod: podOf(object), reason, message }),
    event: ({ object, reason, message }) => warningEvent(object, reason, message),
    measure: ({ reason }, meters) => meters.count('kubelet_admission_rejections_total', { reason }),
  },
  'pod.decided': {
    log: ({ pod, actions }) =>
      info(3, 'computePodActions got for pod', {
        podActions: actions.map(({ kind, because }) => `${kind}: ${because}`),
        pod,
      }),
  },
  'pod.synced': {
    log: ({ pod, uid, ms, phase }) => info(4, 'SyncPod exit', { pod, podUID: uid, ms, phase }),
    measure: ({ ms }, meters) =>
      meters.observe('kubelet_pod_worker_duration_seconds', ms / 1000, { operation_type: 'sync' }),
  },
  'pod.syncFailed': {
    log: ({ pod, uid, error }) => failure('Error syncing pod, skipping', { err: error, pod, podUID: uid }),
  },
  'pod.statusUnknown': {
    event: ({ object, error }) => warningEvent(object, 'FailedSync', `error determining status: ${error}`),
  },
  'pod.firstSynced': {
    measure: ({ sinceSeenMs }, meters) =>
      meters.observe('kubelet_pod_worker_start_duration_seconds', sinceSeenMs / 1000),
  },
  'pod.running': {
    log: ({ pod, sinceSeenMs }) =>
      info(2, 'Observed pod startup duration', { pod, podStartSLOduration: sinceSeenMs / 1000 }),
    measure: ({ sinceSeenMs, sinceCreatedMs }, meters) => {
      meters.observe('kubelet_pod_start_duration_seconds', sinceSeenMs / 1000);
      if (sinceCreatedMs !== undefined)
        meters.observe('kubelet_pod_start_total_duration_seconds', sinceCreatedMs / 1000);
    },
  },
  'pod.terminating': {
    log: ({ pod, graceSeconds, because }) =>
      info(3, 'Pod has been deleted and must be killed', { pod, gracePeriod: graceSeconds, because }),
  },
  'pod.stopped': {
    log: ({ pod, ms }) => info(4, 'Pod termination stopped all running containers', { pod, ms }),
    measure: ({ ms }, meters) =>
      meters.observe('kubelet_pod_worker_duration_seconds', ms / 1000, { operation_type: 'terminating' }),
  },
  'pod.finished': {
    log: ({ pod, uid }) => info(4, 'Pod is terminated and will need no more status updates', { pod, podUID: uid }),
  },
  'pod.orphanKilled': {
    log: ({ pod, uid }) => info(2, 'Clean up containers for orphaned pod we had not seen before', { pod, podUID: uid }),
    measure: (_record, meters) => meters.count('kubelet_orphaned_runtime_pods_total'),
  },
  'pod.restarted': {
    log: ({ uid }) =>
      info(
        3,
        'Pod will be restarted because it is in the desired set and not known to the pod workers (likely due to UID reuse)',
        { podUID: uid },
      ),
    measure: ({ isStatic }, meters) => meters.count('kubelet_restarted_pods_total', { static: isStatic ? 'true' : '' }),
  },
  'pod.networkNotReady': {
    event: ({ object, error }) => warningEvent(object, 'NetworkNotReady', `network is not ready: ${error}`),
  },
  'pod.cgroupFailed': {
    event: ({ object, error }) =>
      warningEvent(object, 'FailedCreatePodContainer', `unable to ensure pod container exists: ${error}`),
  },
  'pod.cgroupMissing': {
    log: ({ pod }) => warning('Pod runs, but not in its cgroup: it is started anew', { pod }),
  },
  'pod.dirsFailed': {
    log: ({ object, error }) =>
      failure('Unable to make pod data directories for pod', { pod: podOf(object), err: error }),
    event: ({ object, error }) =>
      warningEvent(object, 'FailedToMakePodDataDirectories', `error making pod data directories: ${error}`),
  },
  'pod.killFailed': {
    event: ({ object, error }) => warningEvent(object, 'FailedKillPod', `error killing pod: ${error}`),
  },
  'pod.graceExceeded': {
    event: ({ object }) =>
      warningEvent(
        object,
        'ExceededGracePeriod',
        'Container runtime did not kill the pod within specified grace period.',
      ),
  },
  'pod.deadlineExceeded': {
    event: ({ object }) =>
      normalEvent(object, 'DeadlineExceeded', 'Pod was active on the node longer than the specified deadline'),
  },
  'pod.dnsForming': { event: ({ object, message }) => warningEvent(object, 'DNSConfigForming', message) },
  'pod.dnsMissing': { event: ({ object, message }) => warningEvent(object, 'MissingClusterDNS', message) },
  'pod.sandboxChanged': {
    event: ({ object }) =>
      normalEvent(object, 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.'),
  },
  'pod.sandboxCreated': {
    log: ({ pod, id, ms }) => info(4, 'Created PodSandbox for pod', { podSandboxID: id, pod, ms }),
    measure: ({ ms }, meters) => {
      meters.count('kubelet_started_pods_total');
      meters.observe('kubelet_run_podsandbox_duration_seconds', ms / 1000, { runtime_handler: '' });
    },
  },
  'pod.sandboxFailed': {
    log: ({ object, error }) => failure('CreatePodSandbox for pod failed', { err: error, pod: podOf(object) }),
    event: ({ object, error }) =>
      warningEvent(object, 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${error}`),
    measure: (_record, meters) => {
      meters.count('kubelet_started_pods_errors_total');
      meters.count('kubelet_run_podsandbox_errors_total', { runtime_handler: '' });
    },
  },
  'pod.sandboxUnknown': {
    log: ({ object, error }) =>
      failure('Failed to get pod sandbox status; Skipping pod', { err: error, pod: podOf(object) }),
    event: ({ object, error }) =>
      warningEvent(object, 'FailedPodSandBoxStatus', `Unable to get pod sandbox status: ${error}`),
  },
  'pod.userNamespaceStarted': {
    log: ({ pod, failed }) => info(4, 'Started pod with users of its own', { pod, failed }),
    measure: ({ failed }, meters) => {
      meters.count('kubelet_started_user_namespaced_pods_total');
      if (failed) meters.count('kubelet_started_user_namespaced_pods_errors_total');
    },
  },
  'pod.actionFailed': {
    log: ({ pod, action, error }) => failure('Pod action failed', { pod, action, err: error }),
  },
  'pod.containerCreated': {
    log: ({ object, container, containerId }) =>
      info(4, 'Creating container in pod', { container, containerID: containerId, pod: podOf(object) }),
    event: ({ object }) => normalEvent(object, 'Created', 'Container created'),
  },
  'pod.containerStarted': {
    event: ({ object }) => normalEvent(object, 'Started', 'Container started'),
    measure: ({ list }, meters) =>
      meters.count('kubelet_started_containers_total', { container_type: listLabels[list] }),
  },
  'pod.containerStartFailed': {
    log: ({ object, container, list, reason, message }) =>
      (reason === 'ImagePullBackOff' ? info.bind(undefined, 3) : failure)('Container start failed in pod', {
        containerType: listLabels[list],
        container,
        pod: podOf(object),
        containerMessage: message,
        err: reason,
      }),
    event: ({ object, reason, message }) =>
      reason === 'PostStartHookError'
        ? undefined
        : warningEvent(object, 'Failed', `Error: ${reasonIsText.has(reason) ? reason : message}`),
    measure: ({ list, reason }, meters) =>
      meters.count('kubelet_started_containers_errors_total', { container_type: listLabels[list], code: reason }),
  },
  'pod.backOff': {
    log: ({ object, container }) =>
      info(4, 'Backing Off restarting container in pod', { container, pod: podOf(object) }),
    event: ({ object, container, pod }) =>
      warningEvent(object, 'BackOff', `Back-off restarting failed container ${container} in pod ${pod}`),
  },
  'pod.containerKilling': {
    log: ({ object, container, containerId, graceSeconds }) =>
      info(2, 'Killing container with a grace period', {
        pod: object && podOf(object),
        podUID: object?.uid,
        containerName: container,
        containerID: `containerd://${containerId}`,
        gracePeriod: graceSeconds,
      }),
    event: ({ object, message }) => object && normalEvent(object, 'Killing', message),
  },
  'pod.containerKilled': {
    log: ({ object, container, containerId, ms }) =>
      info(3, 'Container exited normally', {
        pod: object && podOf(object),
        podUID: object?.uid,
        containerName: container,
        containerID: containerId,
        ms,
      }),
  },
  'pod.hookFellBack': {
    log: ({ object, host }) =>
      info(1, 'HTTPS request to lifecycle hook got HTTP response, retrying with HTTP.', {
        pod: object && podOf(object),
        host,
      }),
    event: ({ object, host }) =>
      object &&
      warningEvent(
        object,
        'LifecycleHTTPFallback',
        `request to HTTPS lifecycle hook ${host} got HTTP response, retry with HTTP succeeded`,
      ),
    measure: (_record, meters) => meters.count('kubelet_lifecycle_handler_http_fallbacks_total'),
  },
  'pod.hookFailed': {
    log: ({ hook, object, container, error }) =>
      failure(hook === 'preStop' ? 'PreStop hook failed' : 'Failed to execute PostStartHook', {
        pod: object && podOf(object),
        containerName: container,
        err: error,
      }),
    event: ({ hook, object }) =>
      object &&
      (hook === 'preStop'
        ? warningEvent(object, 'FailedPreStopHook', 'PreStopHook failed')
        : warningEvent(object, 'FailedPostStartHook', 'PostStartHook failed')),
  },
  'pod.logLinkFailed': {
    log: ({ pod, container, error }) =>
      failure('Failed to create legacy symbolic link', { pod, container, err: error }),
  },
  'pod.statusPatched': {
    log: ({ pod, uid, patch }) => [
      info(3, 'Patch status for pod', { pod, podUID: uid, patch }),
      info(3, 'Status for pod updated successfully', { pod, podUID: uid }),
    ],
    measure: ({ ms }, meters) => meters.observe('kubelet_pod_status_sync_duration_seconds', ms / 1000),
  },
  'pod.statusFailed': { log: ({ pod, error }) => warning('Failed to update status for pod', { pod, err: error }) },
  'pod.illegalStatus': {
    log: ({ pod, problem }) => failure('Status update on pod aborted', { pod, err: problem }),
  },
  'pod.deleted': {
    log: ({ pod, uid }) => info(3, 'Pod fully terminated and removed from etcd', { pod, podUID: uid }),
  },
  'pod.deleteFailed': { log: ({ pod, error }) => warning('Failed to delete status for pod', { pod, err: error }) },
  'pod.housekept': {
    log: ({ ms }) =>
      ms > 1000
        ? failure('Housekeeping took longer than expected', { expected: '1s', actual: `${ms}ms` })
        : info(4, 'SyncLoop (housekeeping) end', { duration: `${ms}ms` }),
  },
  'pod.orphanFolders': {
    log: ({ removed, volumeErrors, folderErrors }) => [
      ...removed.map((uid) => info(3, 'Orphaned pod found, removing', { podUID: uid })),
      ...summary(volumeErrors),
      ...summary(folderErrors),
      ...(folderErrors.length === 0
        ? []
        : [failure('Failed cleaning up orphaned pod directories', { err: folderErrors.join(', ') })]),
    ],
    measure: ({ found, volumeErrors, folderErrors }, meters) => {
      meters.gauge('kubelet_orphan_pod_cleaned_volumes', found);
      meters.gauge('kubelet_orphan_pod_cleaned_volumes_errors', volumeErrors.length + folderErrors.length);
    },
  },
  'pod.cleanupFailed': { log: ({ what, error }) => failure('Failed cleaning up', { what, err: error }) },
};
