import { KubeletConfigError, parseGoDuration } from '../config/index.ts';
import type { DeviceManager } from '../devices/index.ts';
import {
  declaredFeatures,
  fileSystemBytes,
  type Machine,
  type NodeManager,
  nodeManager,
  type RunningRuntimeState,
  readMachine,
  runtimeState,
  startProblems,
} from '../node/index.ts';
import type { Pleg } from '../pleg/index.ts';
import { cgroupFs, isolateProcess } from '../resources/index.ts';
import { kubernetesVersion } from '../version.ts';
import { supportsNoswap } from '../volumes/index.ts';
import type { Foundation } from './foundation.ts';
import { latePressure } from './late-pressure.ts';
import { lateStorage } from './late-storage.ts';

export interface NodeParts {
  readonly machine: Machine;
  readonly state: RunningRuntimeState;
  readonly node: NodeManager;
  /** Told of later, by those who watch the node. */
  readonly pressure: ReturnType<typeof latePressure>;
  readonly storage: ReturnType<typeof lateStorage>;
}

/** The node's own side: what the machine has, how the runtime is, and the Node object. */
export async function composeNode(
  foundation: Foundation,
  pleg: Pleg,
  devices: Pick<DeviceManager, 'resources'>,
): Promise<NodeParts> {
  const { flags, config, nodeName, clock, journal, cri, runtimeVersion, api } = foundation;
  const machine = await readMachine();
  const fs = cgroupFs();
  const cgroupVersion = fs.version;
  const problems = startProblems({
    nodeName,
    nodeLabels: flags.nodeLabels,
    standalone: flags.kubeconfig === '',
    swapBytes: machine.swapBytes,
    cgroupVersion,
    config,
  });
  if (problems.length > 0) throw new KubeletConfigError(problems.join('; '));
  if (cgroupVersion === 1) journal.write({ kind: 'node.cgroupV1', node: nodeName });
  if (machine.swapBytes > 0 && !supportsNoswap(machine.kernelVersion))
    journal.write({ kind: 'node.memoryMaySwap', node: nodeName });
  if (config.kubeletCgroups !== undefined && config.kubeletCgroups !== '')
    isolateProcess({ fs, path: config.kubeletCgroups, pid: process.pid, journal });
  const state = runtimeState({
    runtime: cri,
    clock,
    journal,
    plegProblem: pleg.problem,
    onChange: () => node.updateSoon(),
  });
  const pressure = latePressure();
  const storage = lateStorage();
  const reserved = {
    systemReserved: config.systemReserved ?? {},
    kubeReserved: config.kubeReserved ?? {},
    evictionHard: config.evictionHard ?? {},
  };
  const node = nodeManager({
    api,
    clock,
    journal,
    name: nodeName,
    nodeIp: flags.nodeIp,
    machine,
    extended: devices.resources,
    storageBytes: await fileSystemBytes(flags.rootDir),
    settings: { maxPods: config.maxPods, podsPerCore: config.podsPerCore ?? 0, ...reserved },
    registration: {
      labels: flags.nodeLabels,
      taints: config.registerWithTaints ?? [],
      providerId: config.providerID ?? '',
      controllerAttachDetach: config.enableControllerAttachDetach,
      externalCloudProvider: flags.cloudProvider === 'external',
    },
    registerNode: config.registerNode,
    updateEveryMs: parseGoDuration(config.nodeStatusUpdateFrequency),
    reportEveryMs: parseGoDuration(config.nodeStatusReportFrequency),
    runtime: () => ({
      declaredFeatures: declaredFeatures(config.featureGates ?? {}),
      runtimeVersion,
      runtimeHandlers: state.handlers(),
      supplementalGroupsPolicy: state.supplementalGroupsPolicy(),
    }),
    kubeletVersion: kubernetesVersion,
    port: config.port,
    maxImages: config.nodeStatusMaxImages,
    storage,
    listImages: () => cri.listImages(),
    health: () => ({
      memoryPressure: pressure.conditions().includes('MemoryPressure'),
      diskPressure: pressure.conditions().includes('DiskPressure'),
      pidPressure: pressure.conditions().includes('PIDPressure'),
      errors: [
        ...state.runtimeErrors(),
        ...[state.networkError(), storage.problem()].filter((error) => error !== undefined),
        ...(pressure.shuttingDown() ? ['node is shutting down'] : []),
      ],
    }),
    onPodCidr: (podCidr) =>
      void cri
        .updatePodCidr(podCidr)
        .catch((error: Error) => journal.write({ kind: 'node.runtimeSilent', reason: error.message })),
  });
  await node.prepare();
  return { machine, state, node, pressure, storage };
}
