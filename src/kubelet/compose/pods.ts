import { waitUntil } from '../../base/wait-until.ts';
import { decideResizeAdmission, nodeForAdmission } from '../admission/index.ts';
import { openAllocations } from '../allocation/index.ts';
import { featuresOf, parseGoDuration } from '../config/index.ts';
import { containerRemover } from '../containers/container-logs.ts';
import { containerInputs } from '../containers/inputs.ts';
import { logRotation } from '../containers/log-rotation.ts';
import { runtimeClasses } from '../containers/runtime-class.ts';
import { sandboxRenderer } from '../containers/sandbox-renderer.ts';
import type { DeviceManager } from '../devices/index.ts';
import type { DynamicResources } from '../dynamic-resources/index.ts';
import { garbageCollector, isContentGone } from '../garbage/index.ts';
import { podHousekeeping } from '../housekeeping.ts';
import type { Pleg } from '../pleg/index.ts';
import { findContainer, uidOf } from '../pod-facts.ts';
import { probeManager } from '../probes/index.ts';
import { unitsOf } from '../quantity.ts';
import { mirrorPods, type SourcesCatalog } from '../sources/index.ts';
import { createStatusManager } from '../status/index.ts';
import { openPlacement, parseTopologySettings, readMachineTopology } from '../topology/index.ts';
import { userNamespaces } from '../user-namespaces/index.ts';
import { minorVersion } from '../version.ts';
import { kernelMounts } from '../volumes/index.ts';
import {
  backoffKey,
  containerStarter,
  createPodLoop,
  createPodSync,
  createPodWorkers,
  createTerminator,
  noteStart,
  podExecutor,
  podResizer,
  RestartBackoff,
} from '../workers/index.ts';
import { podAdmission } from './admission.ts';
import { composeCgroups } from './cgroups.ts';
import type { Foundation } from './foundation.ts';
import { composeImages } from './images.ts';
import type { NodeParts } from './node.ts';
import { sourceNames } from './sources.ts';
import { composeVolumes } from './volumes.ts';

export interface PodInputs extends NodeParts {
  readonly pleg: Pleg;
  readonly catalog: SourcesCatalog;
  readonly devices: DeviceManager;
  /** Absent when standalone: claims are the API's. */
  readonly dynamic: DynamicResources | undefined;
  readonly cgroupDriver: 'systemd' | 'cgroupfs';
  /** `/var/log/containers` */
  readonly logLinks: string;
}

/** Everything that makes pods be: from their volumes and cgroups to their workers and the loop that feeds these. */
export function composePods(
  foundation: Foundation,
  { pleg, catalog, machine, state, node, pressure, storage, devices, dynamic, cgroupDriver, logLinks }: PodInputs,
) {
  const { flags, config, nodeName, clock, startedAt, journal, cri, api } = foundation;
  const { rootDir } = flags;
  const logsRoot = config.podLogsDir;
  const feature = featuresOf(config);
  const wake = (uid: string): void => workers.wake(uid);
  const { cfs, cgroups, resources } = composeCgroups(foundation, {
    machine,
    node,
    cgroupDriver,
    activePods: () => loop.activePods(),
  });
  const { objects, services, csi, volumes } = composeVolumes(foundation, {
    node,
    storage,
    onChange: (uids) => {
      for (const uid of uids) {
        sync.volumesChanged(uid);
        volumes.hurry(uid);
        wake(uid);
      }
    },
    wake,
  });
  const { images, records } = composeImages(foundation, objects);
  const probes = probeManager({
    runtime: cri,
    cache: pleg,
    statusOf: (uid) => statuses.get(uid),
    clock,
    journal,
    userAgent: `kube-probe/${minorVersion}`,
  });
  const recursiveReadOnly = (): boolean =>
    state.handlers().find(({ name }) => name === '')?.recursiveReadOnlyMounts ?? false;
  const inputs = containerInputs({
    journal,
    objects,
    services,
    hostIps: node.hostIps,
    resourceDefaults: node.allocatable,
    rootDir,
    mounts: kernelMounts,
    recursiveReadOnly,
  });
  const backoff = new RestartBackoff({
    firstMs: 10_000,
    maxMs: parseGoDuration(config.crashLoopBackOff.maxContainerRestartPeriod ?? '5m0s'),
  });
  const terminator = createTerminator({ cri, clock, journal, version: minorVersion });
  const clusterDomain = config.clusterDomain ?? '';
  const allocations = openAllocations({
    rootDir,
    clock,
    journal,
    admitResize: async (pod, others) => decideResizeAdmission(pod, others, nodeForAdmission(node)),
    activePods: () => loop.activePods(),
    podByUid: catalog.byUid,
    wake,
    sourcesReady: () => catalog.allSeen(sourceNames(foundation)),
    rules: {
      enabled: feature('InPlacePodVerticalScaling'),
      podLevel: feature('InPlacePodLevelResourcesVerticalScaling'),
      exclusiveCpus: config.cpuManagerPolicy === 'static' && !feature('InPlacePodVerticalScalingExclusiveCPUs'),
      exclusiveMemory: config.memoryManagerPolicy === 'Static' && !feature('InPlacePodVerticalScalingExclusiveMemory'),
    },
  });
  const placement = openPlacement({
    rootDir,
    clock,
    journal,
    settings: parseTopologySettings(config),
    machine: () => readMachineTopology('/sys/devices/system', machine.memoryBytes),
    devices,
    runtime: cri,
    cache: pleg,
    activePods: () => loop.activePods(),
    sourcesReady: () => catalog.allSeen(sourceNames(foundation)),
  });
  const startContainer = containerStarter({
    cri,
    clock,
    journal,
    images,
    terminator,
    inputs,
    resources,
    devices: async (pod, container) => {
      const own = await devices.forContainer(pod, container);
      return { ...own, cdiDevices: [...own.cdiDevices, ...(dynamic?.cdiDevices(pod, container) ?? [])] };
    },
    startOn: placement.startOn,
    rootDir,
    logsRoot,
    logLinks,
    clusterDomain,
    seccompDefault: config.seccompDefault,
    version: minorVersion,
  });
  const removeContainer = containerRemover(cri, logLinks);
  const runtimeHandler = runtimeClasses(api, clock);
  const execute = podExecutor({
    cri,
    clock,
    journal,
    terminator,
    images,
    startContainer,
    removeContainer,
    resizePod: podResizer({ cri, cgroups, allocations, resources, clock, journal }),
    noteStart: (pod, container) => noteStart(allocations, pod, container),
    sandboxConfig: sandboxRenderer({
      journal,
      nodeName,
      logsRoot,
      resolvConf: config.resolvConf,
      clusterDns: config.clusterDNS ?? [],
      clusterDomain,
      cgroupParent: cgroups.parentOf,
      userNamespaceOf: userNamespaces({
        rootDir,
        idsPerPod: config.userNamespaces?.idsPerPod,
        maxPods: config.maxPods,
        runtimeHandler,
        isSupported: (handler) => state.handlers().find(({ name }) => name === handler)?.userNamespaces ?? false,
      }),
      ...cfs,
    }),
    prepareClaims: async (pod) => dynamic?.prepare(pod),
    runtimeHandler,
    countRestart: (pod, name, endedAt) => {
      const container = findContainer(pod, name)?.container;
      if (container !== undefined) backoff.bump(backoffKey(pod, container), endedAt, clock.now());
    },
  });
  const mirrors =
    api &&
    mirrorPods({
      api,
      journal,
      nodeName,
      node: node.node,
      mirrorOf: catalog.mirrorOf,
      orphans: catalog.orphanMirrors,
      phaseOf: (uid) => workers.phaseOf(uid),
    });
  const statuses = createStatusManager({
    api,
    clock,
    journal,
    catalog,
    couldHaveRunningContainers: (uid) => workers.couldHaveRunningContainers(uid) || (dynamic?.holds(uid) ?? false),
  });
  const sync = createPodSync({
    cache: pleg,
    clock,
    journal,
    statuses,
    catalog,
    probes,
    volumes,
    cgroups,
    allocations,
    objects,
    // Before the API's pods are known, a mirror that is there would look as if it were not.
    ensureMirror: mirrors && (async (pod) => (catalog.allSeen(['api']) ? mirrors.reconcile(pod) : undefined)),
    mirrorsKnown:
      mirrors &&
      ((signal) => {
        const known = () => catalog.allSeen(['api']) || 'the pods of the API are not known yet';
        return waitUntil(known, { clock, everyMs: 50, timeoutMs: mirrorsWaitMs, signal });
      }),
    facts: node,
    runtimeState: state,
    execute,
    unprepareClaims: async (uid) => dynamic?.unprepare(uid),
    terminator,
    backoff,
    rootDir,
    startedAt,
    recursiveReadOnly,
    ...(feature('ResourceHealthStatus')
      ? {
          deviceHealthOf: (pod, name) => [
            ...devices.healthOf(uidOf(pod), name),
            ...(dynamic?.healthOf(pod, name) ?? []),
          ],
        }
      : {}),
  });
  const workers = createPodWorkers({
    sync,
    cache: pleg,
    clock,
    journal,
    syncFrequencyMs: parseGoDuration(config.syncFrequency),
  });
  const loop = createPodLoop({
    clock,
    journal,
    catalog,
    workers,
    sync,
    statuses,
    pleg,
    probes,
    runtimeState: state,
    allocations,
    admit: podAdmission(foundation, { machine, node, pressure, devices, pleg, placement, workers }),
    housekeep: podHousekeeping({
      releaseDevices: () => devices.keepOnly(new Set(loop.activePods().map(uidOf))),
      journal,
      rootDir,
      catalog,
      workers,
      cache: pleg,
      volumes,
      cgroups,
      allocations,
      removeOrphanMirrors: async () => mirrors?.removeOrphans(),
    }),
    sourcesReady: () => catalog.allSeen(sourceNames(foundation)),
  });
  const garbage = garbageCollector({
    runtime: cri,
    removeContainer,
    nodeName,
    cache: pleg,
    clock,
    journal,
    isGone: (uid) => isContentGone(workers.phaseOf(uid), catalog.byUid(uid), statuses.get(uid)),
    sourcesReady: () => catalog.allSeen(sourceNames(foundation)),
    limits: {
      perContainer: flags.maximumDeadContainersPerContainer,
      total: flags.maximumDeadContainers,
      minAgeMs: flags.minimumContainerTtlMs,
    },
    logsRoot,
    logLinks,
  });
  const rotation = logRotation({
    runtime: cri,
    cache: pleg,
    clock,
    journal,
    maxBytes: unitsOf(config.containerLogMaxSize),
    maxFiles: config.containerLogMaxFiles,
    everyMs: parseGoDuration(config.containerLogMonitorInterval),
    workers: config.containerLogMaxWorkers,
  });
  return {
    csi,
    loop,
    placement,
    allocations,
    garbage,
    rotation,
    workers,
    statuses,
    cgroups,
    volumes,
    images,
    records,
    probes,
    services,
  };
}

/** How long a restarted kubelet waits for the API before it speaks of the static pods that run. */
const mirrorsWaitMs = 2000;
