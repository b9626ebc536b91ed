import { failure, info, nodeReference, normalEvent, type Projections, warning, warningEvent } from '../projection.ts';

/** What the node's own side of the kubelet tells. */
export type NodeRecord =
  | { readonly kind: 'node.kubeletStarting'; readonly node: string; readonly version: string; readonly runtime: string }
  | { readonly kind: 'node.flagWarning'; readonly text: string }
  | {
      readonly kind: 'node.configuration';
      /** What flags, file and drop-ins came to, as YAML. */
      readonly text: string;
    }
  | { readonly kind: 'node.kubeletStarted'; readonly node: string }
  | { readonly kind: 'node.cgroupV1'; readonly node: string }
  | { readonly kind: 'node.memoryMaySwap'; readonly node: string }
  | { readonly kind: 'node.kernelSet'; readonly name: string; readonly from: number | undefined; readonly to: number }
  | { readonly kind: 'node.kernelNotSet'; readonly name: string; readonly to: number; readonly reason: string }
  | { readonly kind: 'node.iptablesPlaced'; readonly family: string }
  | {
      readonly kind: 'node.iptablesFailed';
      readonly family: string;
      /** There is no such program here. */
      readonly missing: boolean;
      readonly reason: string;
    }
  | {
      readonly kind: 'node.watchdog';
      /** Undefined: systemd does not watch this process. */
      readonly timeoutMs: number | undefined;
    }
  | { readonly kind: 'node.watchdogWithheld'; readonly reason: string }
  | { readonly kind: 'node.watchdogFailed'; readonly reason: string }
  | { readonly kind: 'node.registering'; readonly node: string }
  | { readonly kind: 'node.registered'; readonly node: string; readonly before: boolean }
  | { readonly kind: 'node.registrationFailed'; readonly node: string; readonly reason: string }
  | { readonly kind: 'node.rebooted'; readonly node: string; readonly bootId: string }
  | { readonly kind: 'node.condition'; readonly node: string; readonly reason: string }
  | { readonly kind: 'node.schedulable'; readonly node: string; readonly schedulable: boolean }
  | { readonly kind: 'node.statusFailed'; readonly node: string; readonly reason: string }
  | { readonly kind: 'node.watchFailed'; readonly reason: string }
  | { readonly kind: 'node.leaseFailed'; readonly reason: string }
  | { readonly kind: 'node.networkNotReady'; readonly problem: string }
  | { readonly kind: 'node.dnsLimited'; readonly node: string; readonly message: string }
  | { readonly kind: 'node.dnsMissing'; readonly node: string; readonly message: string }
  | { readonly kind: 'node.runtimeSilent'; readonly reason: string };

const cgroupV1Text =
  'cgroup v1 detected. Kubernetes will give up its support for it: move the host to cgroup v2, https://kubernetes.io/docs/concepts/architecture/cgroups/';

const memoryMaySwapText =
  'The tmpfs noswap option is not supported. Memory-backed volumes (e.g. secrets, emptyDirs, etc.) might be swapped to disk and should no longer be considered secure.';

export const nodeProjections: Projections<NodeRecord> = {
  'node.kubeletStarting': {
    log: ({ version, runtime }) => [
      info(0, 'Kubelet version', { kubeletVersion: version }),
      info(0, 'Container runtime initialized', {
        containerRuntime: runtime.split('://')[0],
        version: runtime.split('://')[1],
        apiVersion: 'v1',
      }),
    ],
    event: ({ node }) => normalEvent(nodeReference(node), 'Starting', 'Starting kubelet.'),
  },
  'node.flagWarning': { log: ({ text }) => warning(text) },
  'node.configuration': { log: ({ text }) => info(0, 'Effective KubeletConfiguration', { config: text }) },
  'node.kubeletStarted': {
    log: () => [info(0, 'Started kubelet'), info(0, 'Starting kubelet main sync loop')],
    measure: ({ node }, meters) => meters.gauge('kubelet_node_name', 1, { node }),
  },
  'node.cgroupV1': {
    log: () => warning(cgroupV1Text),
    event: ({ node }) => warningEvent(nodeReference(node), 'CgroupV1', cgroupV1Text),
  },
  'node.memoryMaySwap': {
    log: () => warning(memoryMaySwapText),
    event: ({ node }) => warningEvent(nodeReference(node), 'PossibleMemoryBackedVolumesOnDisk', memoryMaySwapText),
  },
  'node.kernelSet': {
    log: ({ name, from, to }) => info(2, 'Updating kernel flag', { flag: name, expectedValue: to, actualValue: from }),
  },
  'node.kernelNotSet': {
    log: ({ name, to, reason }) =>
      warning('Updating kernel flag failed', { flag: name, expectedValue: to, err: reason }),
  },
  'node.iptablesPlaced': { log: ({ family }) => info(0, 'Initialized iptables rules.', { protocol: family }) },
  'node.iptablesFailed': {
    log: ({ family, missing, reason }) =>
      missing
        ? info(0, 'No iptables support on this system; not creating the KUBE-IPTABLES-HINT chain', { protocol: family })
        : info(0, 'Failed to initialize iptables rules; some functionality may be missing.', {
            protocol: family,
            err: reason,
          }),
  },
  'node.watchdog': {
    log: ({ timeoutMs }) =>
      timeoutMs === undefined
        ? info(0, 'Systemd watchdog is not enabled')
        : info(0, 'Starting systemd watchdog with interval', { interval: `${timeoutMs / 2000}s` }),
  },
  'node.watchdogWithheld': {
    log: ({ reason }) => failure('Systemd watchdog is not told: the kubelet is not healthy', { err: reason }),
  },
  'node.watchdogFailed': { log: ({ reason }) => failure('Failed to notify watchdog', { err: reason }) },
  'node.registering': { log: ({ node }) => info(0, 'Attempting to register node', { node }) },
  'node.registered': {
    log: ({ node, before }) =>
      info(0, before ? 'Node was previously registered' : 'Successfully registered node', { node }),
  },
  'node.registrationFailed': {
    log: ({ node, reason }) => failure('Unable to register node with API server', { err: reason, node }),
  },
  'node.rebooted': {
    log: ({ node, bootId }) => warning('Node has been rebooted', { node, bootID: bootId }),
    event: ({ node, bootId }) =>
      warningEvent(nodeReference(node), 'Rebooted', `Node ${node} has been rebooted, boot id: ${bootId}`),
  },
  'node.condition': {
    log: ({ node, reason }) => [
      info(2, 'Recording event message for node', { node, event: reason }),
      ...(reason === 'NodeReady' ? [info(0, 'Fast updating node status as it just became ready', { node })] : []),
      ...(reason === 'NodeNotReady' ? [info(0, 'Node became not ready', { node })] : []),
    ],
    event: ({ node, reason }) => normalEvent(nodeReference(node), reason, `Node ${node} status is now: ${reason}`),
  },
  'node.schedulable': {
    event: ({ node, schedulable }) => {
      const reason = schedulable ? 'NodeSchedulable' : 'NodeNotSchedulable';
      return normalEvent(nodeReference(node), reason, `Node ${node} status is now: ${reason}`);
    },
  },
  'node.statusFailed': {
    log: ({ node, reason }) => failure('Error updating node status, will retry', { node, err: reason }),
  },
  'node.watchFailed': { log: ({ reason }) => failure('Failed to watch', { type: 'nodes', err: reason }) },
  'node.leaseFailed': { log: ({ reason }) => failure('Failed to ensure lease exists, will retry', { err: reason }) },
  'node.dnsLimited': {
    log: ({ message }) => info(4, 'Check limits for resolv.conf failed', { eventlog: message }),
    event: ({ node, message }) => warningEvent(nodeReference(node), 'CheckLimitsForResolvConf', message),
  },
  'node.dnsMissing': { event: ({ node, message }) => warningEvent(nodeReference(node), 'MissingClusterDNS', message) },
  'node.networkNotReady': {
    log: ({ problem }) => failure('Container runtime network not ready', { networkReady: problem }),
  },
  'node.runtimeSilent': { log: ({ reason }) => failure('Container runtime sanity check failed', { err: reason }) },
};
