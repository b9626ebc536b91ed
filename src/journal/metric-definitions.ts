/** What a metric is called, means and is labelled with. Names are upstream's: dashboards know them. */
export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
}

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const longSeconds = [
  0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600,
];

/** From 0.1 to 40 in 15 steps, each as much larger: no call to a driver takes more than 45 seconds. */
const claimSeconds = Array.from({ length: 15 }, (_, step) => 0.1 * 400 ** (step / 14));

const counter = (help: string, ...labels: string[]): MetricDefinition => ({ kind: 'counter', help, labels });
const gauge = (help: string, ...labels: string[]): MetricDefinition => ({ kind: 'gauge', help, labels });
const histogram = (help: string, buckets: readonly number[], ...labels: string[]): MetricDefinition => ({
  kind: 'histogram',
  help,
  buckets,
  labels,
});

export const metricDefinitions: Readonly<Record<string, MetricDefinition>> = {
  kubelet_node_name: gauge('The name of this node', 'node'),
  kubelet_running_pods: gauge('Pods that have a running sandbox'),
  kubelet_running_containers: gauge('Containers by state', 'container_state'),
  kubelet_desired_pods: gauge('Pods that the sources want on this node', 'static'),
  kubelet_active_pods: gauge('Pods that hold resources of this node', 'static'),
  kubelet_mirror_pods: gauge('Mirror pods known to this node'),
  kubelet_working_pods: gauge('Pods that have a worker', 'lifecycle', 'config', 'static'),
  kubelet_pod_start_duration_seconds: histogram(
    'From a pod being seen for the first time until its containers run',
    longSeconds,
  ),
  kubelet_pod_start_total_duration_seconds: histogram('From the pod’s creation until its containers run', longSeconds),
  kubelet_pod_start_sli_duration_seconds: histogram(
    'From the pod’s creation until its containers run, without the time its images were pulled',
    longSeconds,
  ),
  kubelet_node_startup_pre_kubelet_duration_seconds: gauge('From boot until the kubelet started'),
  kubelet_node_startup_pre_registration_duration_seconds: gauge('From then until it first asked for its node'),
  kubelet_node_startup_registration_duration_seconds: gauge('From then until there was one'),
  kubelet_node_startup_post_registration_duration_seconds: gauge('From then until it was ready'),
  kubelet_node_startup_duration_seconds: gauge('From boot until the node was ready'),
  kubelet_terminated_containers_total: counter('Containers that ended', 'container_type', 'exit_code', 'reason'),
  kubelet_websocket_streaming_requests_total: counter('Streams asked for over WebSocket', 'subresource'),
  dra_operations_duration_seconds: histogram(
    'Handling all claims of a pod',
    claimSeconds,
    'operation_name',
    'is_error',
  ),
  dra_grpc_operations_duration_seconds: histogram(
    'One call to a driver of claimed devices',
    claimSeconds,
    'driver_name',
    'method_name',
    'grpc_status_code',
  ),
  dra_resource_claims_in_use: gauge('Claims that are ready for pods, by driver (`<any>`: of all)', 'driver_name'),
  kubelet_pod_worker_duration_seconds: histogram('One sync of one pod', seconds, 'operation_type'),
  kubelet_pod_worker_start_duration_seconds: histogram('From a pod being seen until its worker starts', seconds),
  kubelet_pod_status_sync_duration_seconds: histogram('From a status being computed until the API has it', seconds),
  kubelet_pod_pending_resizes: gauge('Pods whose resize waits', 'reason', 'priority_bucket'),
  kubelet_pod_infeasible_resizes_total: counter('Resizes that will never be granted', 'reason_detail'),
  kubelet_container_requested_resizes_total: counter(
    'Changes of what containers ask for',
    'resource',
    'requirement',
    'operation',
  ),
  kubelet_pod_deferred_resize_duration_seconds: histogram(
    'How long resizes were put off',
    [5, 10, 15, 20, 30, 45, 60, 90, 120, 150, 180, 300, 600, 1200, 1800, 3600],
    'resolution',
    'priority_bucket',
  ),
  kubelet_pod_in_progress_resizes: gauge('Pods whose resize was granted and is not in force yet'),
  kubelet_pod_deferred_accepted_resizes_total: counter('Resizes granted after they had to wait', 'retry_trigger'),
  kubelet_pod_resize_duration_milliseconds: histogram(
    'Telling containers and cgroups of a resize',
    [10, 50, 100, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000],
    'success',
  ),
  kubelet_pod_resources_endpoint_requests_total: counter('Requests to the pod resources API', 'server_api_version'),
  kubelet_pod_resources_endpoint_requests_list: counter('Requests for the resources of all pods', 'server_api_version'),
  kubelet_pod_resources_endpoint_requests_get: counter('Requests for the resources of one pod', 'server_api_version'),
  kubelet_pod_resources_endpoint_requests_get_allocatable: counter(
    'Requests for what the node has for pods',
    'server_api_version',
  ),
  kubelet_pod_resources_endpoint_errors_list: counter(
    'Requests for the resources of all pods that failed',
    'server_api_version',
  ),
  kubelet_pod_resources_endpoint_errors_get: counter(
    'Requests for the resources of one pod that failed',
    'server_api_version',
  ),
  kubelet_pod_resources_endpoint_errors_get_allocatable: counter(
    'Requests for what the node has for pods that failed',
    'server_api_version',
  ),
  kubelet_topology_manager_admission_requests_total: counter('Pods that were placed on NUMA nodes, or refused'),
  kubelet_topology_manager_admission_errors_total: counter('Pods that no NUMA nodes suited'),
  kubelet_topology_manager_admission_duration_ms: histogram(
    'Milliseconds to place a pod on NUMA nodes',
    [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6],
  ),
  kubelet_cpu_manager_pinning_requests_total: counter('Pods that asked for CPUs of their own'),
  kubelet_cpu_manager_pinning_errors_total: counter('Pods that were refused CPUs of their own'),
  kubelet_cpu_manager_exclusive_cpu_allocation_count: gauge('CPUs that containers have for themselves'),
  kubelet_cpu_manager_shared_pool_size_millicores: gauge('CPUs that containers share, without reserved ones'),
  kubelet_memory_manager_pinning_requests_total: counter('Pods that asked for memory of their own'),
  kubelet_memory_manager_pinning_errors_total: counter('Pods that were refused memory of their own'),
  kubelet_device_plugin_registration_total: counter('Device plugins that registered', 'resource_name'),
  kubelet_device_plugin_alloc_duration_seconds: histogram(
    'Asking a device plugin to allocate',
    seconds,
    'resource_name',
  ),
  kubelet_pleg_relist_duration_seconds: histogram('One relist of the runtime', seconds),
  kubelet_pleg_relist_interval_seconds: histogram('Time between relists', seconds),
  kubelet_pleg_last_seen_seconds: gauge('When the PLEG was last active'),
  kubelet_pleg_discard_events: counter('Events of the PLEG that were dropped'),
  kubelet_runtime_operations_total: counter('Calls of the container runtime', 'operation_type'),
  kubelet_runtime_operations_errors_total: counter('Calls of the container runtime that failed', 'operation_type'),
  kubelet_runtime_operations_duration_seconds: histogram('Calls of the container runtime', seconds, 'operation_type'),
  kubelet_run_podsandbox_duration_seconds: histogram('Making a sandbox', seconds, 'runtime_handler'),
  kubelet_run_podsandbox_errors_total: counter('Sandboxes that could not be made', 'runtime_handler'),
  kubelet_cgroup_manager_duration_seconds: histogram('Work on cgroups', seconds, 'operation_type'),
  kubelet_cgroup_version: gauge('cgroup version on this host'),
  kubelet_http_requests_total: counter(
    'Requests to the kubelet’s server',
    'method',
    'path',
    'server_type',
    'long_running',
  ),
  kubelet_http_requests_duration_seconds: histogram(
    'Requests to the kubelet’s server',
    seconds,
    'method',
    'path',
    'server_type',
    'long_running',
  ),
  kubelet_http_inflight_requests: gauge('Requests being answered', 'method', 'path', 'server_type', 'long_running'),
  kubelet_started_pods_total: counter('Sandboxes that were started'),
  kubelet_started_pods_errors_total: counter('Sandboxes that could not be started'),
  kubelet_started_user_namespaced_pods_total: counter('Pods with users of their own that were to be started'),
  kubelet_started_user_namespaced_pods_errors_total: counter('Those of them that could not be started'),
  kubelet_started_containers_total: counter('Containers that were started', 'container_type'),
  kubelet_started_containers_errors_total: counter('Containers that could not be started', 'container_type', 'code'),
  kubelet_restarted_pods_total: counter('Static pods that were deleted and recreated with the same UID', 'static'),
  kubelet_orphan_pod_cleaned_volumes: gauge('Pods without a source whose volumes the last round of cleaning met'),
  kubelet_orphan_pod_cleaned_volumes_errors: gauge('Those of them that could not be cleaned away'),
  kubelet_orphaned_runtime_pods_total: counter('Pods found in the runtime that no source knows'),
  kubelet_graceful_shutdown_start_time_seconds: gauge('When the last graceful shutdown began'),
  kubelet_graceful_shutdown_end_time_seconds: gauge('When the last graceful shutdown ended'),
  kubelet_eviction_stats_age_seconds: histogram(
    'How old the figures were by which a pod was chosen to be evicted',
    seconds,
    'eviction_signal',
  ),
  kubelet_evictions: counter('Pods evicted, by signal', 'eviction_signal'),
  kubelet_preemptions: counter('Pods preempted, by signal', 'preemption_signal'),
  kubelet_admission_rejections_total: counter('Pods that this node refused', 'reason'),
  kubelet_imagemanager_image_mustpull_checks_total: counter(
    'Checks whether a pod may use an image that is there',
    'result',
  ),
  kubelet_image_pull_duration_seconds: histogram('Pulling an image', longSeconds, 'image_size_in_bytes'),
  kubelet_image_garbage_collected_total: counter('Images removed to free space', 'reason'),
  kubelet_certificate_manager_client_ttl_seconds: gauge('Seconds until the client certificate ends'),
  kubelet_certificate_manager_server_ttl_seconds: gauge('Seconds until the serving certificate ends'),
  kubelet_certificate_manager_client_expiration_renew_errors: counter('Renewals of the client certificate that failed'),
  kubelet_server_expiration_renew_errors: counter('Renewals of the serving certificate that failed'),
  kubelet_lifecycle_handler_http_fallbacks_total: counter('Hooks that fell back from HTTPS to HTTP'),
  prober_probe_total: counter('Attempts at probes', 'probe_type', 'result', 'container', 'pod', 'namespace', 'pod_uid'),
  prober_probe_duration_seconds: histogram(
    'Attempts at probes',
    seconds,
    'probe_type',
    'container',
    'pod',
    'namespace',
  ),
  rest_client_requests_total: counter('Requests to the API server', 'code', 'method', 'host'),
  rest_client_request_duration_seconds: histogram('Requests to the API server', seconds, 'verb', 'host'),
  storage_operation_duration_seconds: histogram('Work on volumes', seconds, 'operation_name', 'status'),
  csi_operations_seconds: histogram(
    'Calls of CSI drivers',
    seconds,
    'driver_name',
    'method_name',
    'grpc_status_code',
    'migrated',
  ),
  volume_manager_total_volumes: gauge('Volumes by plugin and state', 'plugin_name', 'state'),
  kubernetes_build_info: gauge('Version of this kubelet', 'git_version', 'major', 'minor', 'platform'),
  kubernetes_feature_enabled: gauge('Feature gates', 'name', 'stage'),
};
