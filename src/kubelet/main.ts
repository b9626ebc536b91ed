import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { grpcCri } from '../cri/grpc.ts';
import { createJournal, type JournalReader } from '../journal/journal.ts';
import { klogReader } from '../journal/klog.ts';
import { kubeEvents } from '../journal/kube-events.ts';
import { createMetrics } from '../journal/metrics.ts';
import { decideAdmission, nodeForAdmission, safeSysctlsOf } from './admission/index.ts';
import { clientAccess, servingCertificate } from './certificates/index.ts';
import {
  type KubeletConfiguration,
  loadKubeletConfiguration,
  type ParsedFlags,
  parseFlags,
  parseGoDuration,
} from './config/index.ts';
import { containerInputs } from './containers/inputs.ts';
import { runtimeClasses } from './containers/runtime-class.ts';
import { sandboxRenderer } from './containers/sandbox-renderer.ts';
import { podHousekeeping } from './housekeeping.ts';
import { createImageManager } from './images/index.ts';
import { fileSystemBytes, nodeLease, nodeManager, readMachine, runtimeState } from './node/index.ts';
import { notifyReady } from './notify-systemd.ts';
import { podObjects, serviceLister } from './objects/index.ts';
import { createPleg } from './pleg/index.ts';
import { findContainer } from './pod-facts.ts';
import { probeManager } from './probes/index.ts';
import { milliOf, unitsOf } from './quantity.ts';
import { cgroupFs, podCgroups } from './resources/index.ts';
import { startServers } from './server/index.ts';
import { apiSource, fileSource, httpSource, mirrorPods, podCatalog, type SourceName } from './sources/index.ts';
import { createStatusManager } from './status/index.ts';
import { kubernetesVersion, minorVersion } from './version.ts';
import { kernelMounts, volumeManager } from './volumes/index.ts';
import {
  backoffKey,
  containerStarter,
  createPodLoop,
  createPodSync,
  createPodWorkers,
  createTerminator,
  type PodChange,
  podExecutor,
  RestartBackoff,
} from './workers/index.ts';

/** Runs the kubelet until the signal aborts. Every part is built here, handed what it uses, and ended by the same signal. */
async function runKubelet(
  { flags, warnings }: ParsedFlags,
  config: KubeletConfiguration,
  notes: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const clock = systemClock;
  const startedAt = clock.now();
  const nodeName = (flags.hostnameOverride || hostname()).trim().toLowerCase();
  const { rootDir } = flags;
  const logsRoot = config.podLogsDir;
  const logLinks = '/var/log/containers';
  for (const folder of [rootDir, join(rootDir, 'pods'), join(rootDir, 'plugins'), join(rootDir, 'plugins_registry')]) {
    mkdirSync(folder, { recursive: true, mode: 0o750 });
  }
  for (const folder of [logsRoot, logLinks]) mkdirSync(folder, { recursive: true, mode: 0o755 });

  const metrics = createMetrics();
  let verbosity = config.logging.verbosity;
  const readers: JournalReader[] = [
    klogReader({
      verbosity: () => verbosity,
      format: () => config.logging.format,
      write: (text) => process.stderr.write(text),
      pid: process.pid,
    }),
    metrics.reader,
  ];
  const journal = createJournal(clock, readers);
  for (const text of [...warnings, ...notes]) journal.write({ kind: 'node.flagWarning', text });

  const cri = grpcCri({
    runtimeEndpoint: config.containerRuntimeEndpoint,
    ...(config.imageServiceEndpoint === undefined ? {} : { imageEndpoint: config.imageServiceEndpoint }),
    timeoutMs: parseGoDuration(config.runtimeRequestTimeout),
  });
  signal.addEventListener('abort', () => cri.close());
  const runtime = await cri.version();
  const driver = await cgroupDriver(cri, config);
  const access =
    flags.kubeconfig === ''
      ? undefined
      : await clientAccess({
          kubeconfig: flags.kubeconfig,
          bootstrapKubeconfig: flags.bootstrapKubeconfig,
          certDir: flags.certDir,
          rotate: config.rotateCertificates === true,
          nodeName,
          clock,
          journal,
          userAgent: `kubelet/${kubernetesVersion}`,
          onRequest: ({ method, code, ms }) => {
            metrics.meters.count('rest_client_requests_total', {
              code: code === 0 ? '<error>' : String(code),
              method,
              host: '',
            });
            metrics.meters.observe('rest_client_request_duration_seconds', ms / 1000, { verb: method, host: '' });
          },
        });
  const api = access?.api;
  const events = api && kubeEvents({ api, clock, nodeName });
  if (events !== undefined) readers.push(events.reader);
  journal.write({
    kind: 'node.kubeletStarting',
    node: nodeName,
    version: kubernetesVersion,
    runtime: `${runtime.runtimeName}://${runtime.runtimeVersion}`,
  });
  const machine = await readMachine();
  const pleg = createPleg({ cri, clock, journal });
  const state = runtimeState({
    runtime: cri,
    clock,
    journal,
    plegProblem: pleg.problem,
    onChange: () => node.updateSoon(),
  });
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
    storageBytes: await fileSystemBytes(rootDir),
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
      runtimeVersion: `${runtime.runtimeName}://${runtime.runtimeVersion}`,
      runtimeHandlers: state.handlers(),
      supplementalGroupsPolicy: state.supplementalGroupsPolicy(),
    }),
    kubeletVersion: kubernetesVersion,
    port: config.port,
    maxImages: config.nodeStatusMaxImages,
    listImages: () => cri.listImages(),
    health: () => ({
      memoryPressure: false,
      diskPressure: false,
      pidPressure: false,
      errors: [...state.runtimeErrors(), ...[state.networkError()].filter((error) => error !== undefined)],
    }),
    onPodCidr: (podCidr) =>
      void cri
        .updatePodCidr(podCidr)
        .catch((error: Error) => journal.write({ kind: 'node.runtimeSilent', reason: error.message })),
  });
  await node.prepare();

  const catalog = podCatalog((pod) => journal.write({ kind: 'source.duplicate', pod: pod.metadata?.name ?? '' }));
  const cfs = { cfsQuota: config.cpuCFSQuota, cfsPeriodMicros: parseGoDuration(config.cpuCFSQuotaPeriod) * 1000 };
  const fs = cgroupFs();
  const capacity = node.capacity();
  const reservedOf = (name: string, of: (quantity: string | undefined) => number): number =>
    of(config.systemReserved?.[name]) + of(config.kubeReserved?.[name]);
  const cgroups = podCgroups({
    fs,
    clock,
    journal,
    driver,
    cgroupRoot: config.cgroupRoot ?? '/',
    cgroupsPerQos: config.cgroupsPerQOS,
    cpuCfsQuota: cfs.cfsQuota,
    cpuCfsPeriodMicros: cfs.cfsPeriodMicros,
    podPidsLimit: config.podPidsLimit,
    nodeAllocatable: () => ({
      milliCpu: milliOf(capacity.cpu) - reservedOf('cpu', milliOf),
      memoryBytes: unitsOf(capacity.memory) - reservedOf('memory', unitsOf),
    }),
    pods: () => loop.activePods(),
    kill: (pid) => process.kill(pid, 'SIGKILL'),
  });

  const objects =
    api &&
    podObjects({
      api,
      clock,
      onChange: (uids) => {
        for (const uid of uids) {
          sync.volumesChanged(uid);
          workers.wake(uid);
        }
      },
    });
  const services = api && serviceLister(api, clock);
  const volumes = volumeManager({
    rootDir,
    clock,
    journal,
    mounts: kernelMounts,
    api,
    objects,
    hostIps: node.hostIps,
    resourceDefaults: node.allocatable,
  });
  const probes = probeManager({ runtime: cri, cache: pleg, clock, journal, userAgent: `kube-probe/${minorVersion}` });
  const images = createImageManager({
    cri,
    clock,
    journal,
    maxParallelPulls: config.serializeImagePulls ? 1 : (config.maxParallelImagePulls ?? Number.POSITIVE_INFINITY),
    ...(objects === undefined ? {} : { objects }),
  });
  const inputs = containerInputs({
    objects,
    services,
    hostIps: node.hostIps,
    resourceDefaults: node.allocatable,
    rootDir,
    mounts: kernelMounts,
    images,
  });
  const backoff = new RestartBackoff({
    firstMs: 10_000,
    maxMs: parseGoDuration(config.crashLoopBackOff.maxContainerRestartPeriod ?? '5m0s'),
  });
  const terminator = createTerminator({ cri, clock, journal, version: minorVersion });
  const clusterDomain = config.clusterDomain ?? '';
  const startContainer = containerStarter({
    cri,
    clock,
    journal,
    images,
    inputs,
    resources: () => ({
      ...cfs,
      cgroupVersion: fs.version,
      nodeMemoryBytes: machine.memoryBytes,
      singleProcessOomKill: config.singleProcessOOMKill ?? fs.version === 1,
      swapControllable: false,
    }),
    rootDir,
    logsRoot,
    logLinks,
    clusterDomain,
    seccompDefault: config.seccompDefault,
    version: minorVersion,
  });
  const execute = podExecutor({
    cri,
    clock,
    journal,
    terminator,
    startContainer,
    sandboxConfig: sandboxRenderer({
      journal,
      logsRoot,
      resolvConf: config.resolvConf,
      clusterDns: config.clusterDNS ?? [],
      clusterDomain,
      cgroupParent: cgroups.parentOf,
      ...cfs,
    }),
    runtimeHandler: runtimeClasses(api, clock),
    countRestart: (pod, name, endedAt) => {
      const container = findContainer(pod, name)?.container;
      if (container !== undefined) backoff.bump(backoffKey(pod, container), endedAt, clock.now());
    },
  });
  const mirrors = api && mirrorPods({ api, journal, node: node.node, mirrorOf: catalog.mirrorOf });
  const statuses = createStatusManager({
    api,
    clock,
    journal,
    catalog,
    couldHaveRunningContainers: (uid) => workers.couldHaveRunningContainers(uid),
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
    objects,
    ensureMirror: mirrors?.reconcile,
    facts: node,
    runtimeState: state,
    execute,
    terminator,
    backoff,
    rootDir,
    startedAt,
  });
  const workers = createPodWorkers({
    sync,
    cache: pleg,
    clock,
    journal,
    syncFrequencyMs: parseGoDuration(config.syncFrequency),
  });
  const sysctls = [...safeSysctlsOf(machine.kernelVersion), ...(config.allowedUnsafeSysctls ?? [])];
  const sourceNames: readonly SourceName[] = [
    ...(config.staticPodPath === undefined ? [] : (['file'] as const)),
    ...(config.staticPodURL === undefined ? [] : (['http'] as const)),
    ...(api === undefined ? [] : (['api'] as const)),
  ];
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
    admit: async (pod, others) => decideAdmission(pod, others, { node: nodeForAdmission(node), sysctls }),
    housekeep: podHousekeeping({
      journal,
      rootDir,
      catalog,
      workers,
      cache: pleg,
      volumes,
      cgroups,
      removeOrphanMirrors: async () => {
        for (const mirror of catalog.orphanMirrors()) {
          const phase = workers.phaseOf(mirror.metadata?.annotations?.['kubernetes.io/config.mirror'] ?? '');
          if (phase === undefined || phase === 'finished') await mirrors?.remove(mirror);
        }
      },
    }),
    sourcesReady: () => catalog.allSeen(sourceNames),
  });
  const take = (changes: readonly PodChange[]): void => changes.forEach(loop.handle);
  const localSources = [
    ...(config.staticPodPath === undefined
      ? []
      : [
          fileSource({
            path: config.staticPodPath,
            nodeName,
            clock,
            journal,
            checkEveryMs: parseGoDuration(config.fileCheckFrequency),
            onPods: (pods) => take(catalog.replace('file', pods)),
          }),
        ]),
    ...(config.staticPodURL === undefined
      ? []
      : [
          httpSource({
            url: config.staticPodURL,
            headers: config.staticPodURLHeader ?? {},
            nodeName,
            clock,
            journal,
            checkEveryMs: parseGoDuration(config.httpCheckFrequency),
            onPods: (pods) => take(catalog.replace('http', pods)),
          }),
        ]),
  ];
  const remoteSources =
    api === undefined
      ? []
      : [
          apiSource({
            api,
            nodeName,
            clock,
            journal,
            onAll: (pods) => take(catalog.replace('api', pods)),
            onOne: (uid, pod) => take(catalog.set('api', uid, pod)),
            after: node.registered,
          }),
        ];
  let registered = false;
  node.onNode(() => {
    if (registered) return;
    registered = true;
    // Static pods that were there before the node get their mirrors now.
    for (const uid of workers.uids()) workers.wake(uid);
  });

  const serving = await servingCertificate({
    config,
    api,
    clock,
    journal,
    certDir: flags.certDir,
    nodeName,
    node: node.node,
  });
  const inForce = { ...config, ...serving.files, cgroupDriver: driver };
  const servers = await startServers({
    config: inForce,
    nodeName,
    api,
    certificate: serving.certificate,
    clock,
    journal,
    cri,
    catalog,
    cache: pleg,
    statusOf: statuses.get,
    texts: {
      '/metrics': async () => ({ text: await metrics.all(), contentType: metrics.contentType }),
      '/metrics/probes': async () => ({ text: await metrics.probes(), contentType: metrics.contentType }),
    },
    syncLoopProblem: pleg.problem,
    setVerbosity: (level) => {
      verbosity = level;
    },
    extraRoutes: [],
  });
  signal.addEventListener('abort', () => servers.close());
  await cgroups.start();
  journal.write({ kind: 'node.kubeletStarted', node: nodeName });
  notifyReady();
  const lease =
    api &&
    nodeLease({ api, clock, journal, nodeName, durationSeconds: config.nodeLeaseDurationSeconds, node: node.node });
  const local = [pleg, state, loop, ...localSources, ...(access === undefined ? [] : [access])];
  // Nobody is let in without a certificate, so these wait for the first one; static pods do not.
  const remote = [
    node,
    statuses,
    serving.certificate,
    ...remoteSources,
    ...[lease, services, events].filter((part) => part !== undefined),
  ];
  await Promise.all([
    ...local.map((part) => part.run(signal)),
    ...remote.map(async (part) => {
      await access?.ready(signal);
      await part.run(signal);
    }),
  ]);
}

/** The runtime knows best which driver it uses; only an older one leaves it to the configuration. */
async function cgroupDriver(
  cri: ReturnType<typeof grpcCri>,
  config: KubeletConfiguration,
): Promise<'systemd' | 'cgroupfs'> {
  const answer = await cri.runtimeConfig().catch(() => undefined);
  if (answer?.linux === undefined) return config.cgroupDriver;
  return answer.linux.cgroupDriver === 0 ? 'systemd' : 'cgroupfs';
}

async function main(argv: readonly string[]): Promise<void> {
  const parsed = parseFlags(argv);
  if (parsed.kind === 'version') {
    process.stdout.write(`Kubernetes ${kubernetesVersion}\n`);
    return;
  }
  if (parsed.kind === 'help') {
    process.stdout.write(
      'kubelet [flags]: https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/\n',
    );
    return;
  }
  const { configuration, warnings } = await loadKubeletConfiguration(parsed);
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort(new Error(name)));
  await runKubelet(parsed, configuration, warnings, stop.signal);
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
