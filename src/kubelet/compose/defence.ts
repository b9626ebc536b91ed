import { join } from 'node:path';
import { featuresOf, parseGoDuration } from '../config/index.ts';
import { evictionManager, nodeReadings, parseThresholds } from '../eviction/index.ts';
import { imageCollector } from '../images/index.ts';
import { kernelLog, oomWatcher } from '../oom/index.ts';
import type { Pleg } from '../pleg/index.ts';
import { isTerminalPhase } from '../pod-facts.ts';
import { unitsOf } from '../quantity.ts';
import { cgroupPath, kubepodsName, parseCgroupRoot } from '../resources/index.ts';
import { parseShutdownGroups, shutdownManager, stateFile, systemdLogind } from '../shutdown/index.ts';
import { podUsages } from '../stats/index.ts';
import type { Foundation } from './foundation.ts';
import type { NodeParts } from './node.ts';
import type { composePods } from './pods.ts';

export interface DefenceInputs extends NodeParts {
  readonly pleg: Pleg;
  readonly cgroupDriver: 'systemd' | 'cgroupfs';
  readonly pods: Pick<ReturnType<typeof composePods>, 'loop' | 'workers' | 'garbage' | 'records'>;
}

/** How the node is kept going: by evicting pods and removing images before something runs out. */
export function composeDefence(
  { flags, config, nodeName, clock, journal, cri }: Foundation,
  { pleg, machine, node, pressure, cgroupDriver, pods }: DefenceInputs,
) {
  const { loop, workers, garbage } = pods;
  const images = imageCollector({
    images: cri,
    clock,
    journal,
    nodeName,
    policy: {
      highPercent: config.imageGCHighThresholdPercent,
      lowPercent: config.imageGCLowThresholdPercent,
      minAgeMs: parseGoDuration(config.imageMinimumGCAge),
      maxAgeMs: parseGoDuration(config.imageMaximumGCAge),
    },
    containers: cri,
    onListed: pods.records?.prune,
  });
  const reservedBytes = unitsOf(config.systemReserved?.memory) + unitsOf(config.kubeReserved?.memory);
  const eviction = evictionManager({
    clock,
    journal,
    nodeName,
    thresholds: parseThresholds(config),
    watchLocalStorage: config.localStorageCapacityIsolation,
    transitionMs: parseGoDuration(config.evictionPressureTransitionPeriod),
    maxGraceSeconds: config.evictionMaxPodGracePeriod ?? 0,
    readings: nodeReadings({
      images: cri,
      rootDir: flags.rootDir,
      memoryBytes: machine.memoryBytes,
      pods: {
        cgroup: cgroupPath(kubepodsName(parseCgroupRoot(config.cgroupRoot ?? '/')), cgroupDriver),
        memoryBytes: machine.memoryBytes - reservedBytes,
      },
    }),
    // After a restart pods that have ended are being cleared away: there is nothing in them to evict.
    activePods: () => loop.activePods().filter(({ status }) => !isTerminalPhase(status?.phase)),
    usageOf: podUsages({ runtime: cri, cache: pleg, rootDir: flags.rootDir, clock }),
    workers,
    removeDeadContainers: () => garbage.collectEnded((uid) => workers.phaseOf(uid) === 'finished'),
    removeUnusedImages: images.removeUnused,
    onChange: node.updateSoon,
  });
  const oom = oomWatcher({ open: kernelLog, clock, journal, nodeName });
  const feature = featuresOf(config);
  const byPriority = feature('GracefulNodeShutdownBasedOnPodPriority');
  const { shutdownGracePeriodByPodPriority: byPriorityGroups = [] } = config;
  const shutdown = shutdownManager({
    groups: feature('GracefulNodeShutdown')
      ? parseShutdownGroups({ ...config, shutdownGracePeriodByPodPriority: byPriority ? byPriorityGroups : [] })
      : [],
    logind: systemdLogind(),
    clock,
    journal,
    nodeName,
    file: byPriority ? stateFile(join(flags.rootDir, 'graceful_node_shutdown_state')) : undefined,
    activePods: loop.activePods,
    workers,
    onChange: node.updateSoon,
  });
  pressure.from({ conditions: eviction.conditions, shuttingDown: shutdown.shuttingDown });
  return { parts: [eviction, images, oom, shutdown] };
}
