import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Node } from '../api/types.ts';
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { waitUntil } from '../base/wait-until.ts';
import { grpcCri } from '../cri/grpc.ts';
import type { Cri } from '../cri/port.ts';
import { createJournal, type JournalReader } from '../journal/journal.ts';
import { klogReader } from '../journal/klog.ts';
import { kubeEvents } from '../journal/kube-events.ts';
import { liveView } from '../journal/live-view.ts';
import { createMetrics } from '../journal/metrics.ts';
import { clientAccess, servingCertificate } from './certificates/index.ts';
import { composeDefence } from './compose/defence.ts';
import type { Foundation } from './compose/foundation.ts';
import { composeNode } from './compose/node.ts';
import { composePods } from './compose/pods.ts';
import { composeSources, sourceNames } from './compose/sources.ts';
import {
  allFeatures,
  computeConfiguration,
  type KubeletConfiguration,
  listFlags,
  loadKubeletConfiguration,
  type ParsedFlags,
  parseFlags,
  parseGoDuration,
  renderConfigurationForLog,
  renderUsage,
} from './config/index.ts';
import { checkHostDns } from './containers/host-dns.ts';
import { deviceManager } from './devices/index.ts';
import { dynamicResources } from './dynamic-resources/index.ts';
import { applyKernelSettings, iptablesKeeper } from './host/index.ts';
import { nodeLease } from './node/index.ts';
import { notifySystemd } from './notify-systemd.ts';
import { createPleg } from './pleg/index.ts';
import { pluginWatcher } from './plugins/index.ts';
import { describePod, podReference } from './pod-facts.ts';
import { unitsOf } from './quantity.ts';
import { cgroupFs, cgroupPath, kubepodsName, parseCgroupRoot, podCgroupPath } from './resources/index.ts';
import { journalRoute, ownGauges, startServers } from './server/index.ts';
import { podCatalog } from './sources/index.ts';
import { startUpMemory } from './start-up-memory.ts';
import {
  bootTime,
  nodeStartupMeter,
  nodeStats,
  operationType,
  podGauges,
  podStartMeter,
  terminationMeter,
} from './stats/index.ts';
import { parseWatchdog, systemdWatchdog } from './systemd-watchdog.ts';
import { reservedAsConfigured } from './topology/index.ts';
import { checkUserNamespaces } from './user-namespaces/index.ts';
import { kubernetesVersion } from './version.ts';
import { kernelMounts, shareRootFolder } from './volumes/index.ts';

const logLinks = '/var/log/containers';
const firstLookMs = 3000;

/**
 * Runs the kubelet until the signal aborts. Every part is built here or, where many belong together, by a function of
 * compose/; each is handed what it uses, and the same signal ends them all.
 */
async function runKubelet(
  { flags, warnings }: ParsedFlags,
  config: KubeletConfiguration,
  notes: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const clock = systemClock;
  const startedAt = clock.now();
  const nodeName = (flags.hostnameOverride || hostname()).trim().toLowerCase();
  makeFolders(flags.rootDir, config.podLogsDir);

  const metrics = createMetrics();
  let verbosity = config.logging.verbosity;
  const view = liveView({ perPod: 100, pods: 120 });
  const readers: JournalReader[] = [
    klogReader({
      verbosity: () => verbosity,
      format: () => config.logging.format,
      write: (text) => process.stderr.write(text),
      pid: process.pid,
    }),
    metrics.reader,
    nodeStartupMeter(metrics.meters, startedAt, bootTime().getTime()),
    podStartMeter(metrics.meters),
    view.reader,
  ];
  const journal = createJournal(clock, readers);
  await applyKernelSettings({ journal, protect: config.protectKernelDefaults ?? false });
  await shareRootFolder(flags.rootDir, { mounts: kernelMounts, journal });
  for (const text of [...warnings, ...notes]) journal.write({ kind: 'node.flagWarning', text });
  journal.write({ kind: 'node.configuration', text: renderConfigurationForLog(config) });

  let healthProblem: () => string | undefined = () => undefined;
  const watchdog = systemdWatchdog({
    timeoutMs: parseWatchdog(process.env, process.pid),
    clock,
    journal,
    problem: () => healthProblem(),
    notify: () => notifySystemd('WATCHDOG=1'),
  });
  const watched = watchdog.run(signal);

  const cri = grpcCri({
    runtimeEndpoint: config.containerRuntimeEndpoint,
    ...(config.imageServiceEndpoint === undefined ? {} : { imageEndpoint: config.imageServiceEndpoint }),
    timeoutMs: parseGoDuration(config.runtimeRequestTimeout),
    onCall: ({ method, ms, failed }) => {
      const labels = { operation_type: operationType(method) };
      metrics.meters.count('kubelet_runtime_operations_total', labels);
      metrics.meters.observe('kubelet_runtime_operations_duration_seconds', ms / 1000, labels);
      if (failed) metrics.meters.count('kubelet_runtime_operations_errors_total', labels);
    },
  });
  signal.addEventListener('abort', () => cri.close());
  const runtime = await cri.version();
  const runtimeVersion = `${runtime.runtimeName}://${runtime.runtimeVersion.replace(/^v/, '')}`;
  const cgroupDriver = await findCgroupDriver(cri, config);

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
          signal,
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
  let nodeObject: () => Node | undefined = () => undefined;
  const events = api && kubeEvents({ api, clock, nodeName, nodeUid: () => nodeObject()?.metadata?.uid });
  if (events !== undefined) readers.push(events.reader);
  journal.write({ kind: 'node.kubeletStarting', node: nodeName, version: kubernetesVersion, runtime: runtimeVersion });

  const foundation: Foundation = { flags, config, nodeName, clock, startedAt, journal, cri, runtimeVersion, api };
  const pleg = createPleg({ cri, clock, journal });
  const dynamic =
    api &&
    dynamicResources({
      rootDir: flags.rootDir,
      nodeName,
      api,
      clock,
      journal,
      activePods: () => pods.loop.activePods(),
      sourcesReady: () => catalog.allSeen(sourceNames(foundation)),
      onHealth: (uid) => pods.workers.wake(uid),
    });
  const devices = deviceManager({
    rootDir: flags.rootDir,
    clock,
    journal,
    runs: (uid, name) => pleg.get(uid)?.containers.some((c) => c.name === name && c.state === 'running') ?? false,
    pods: () => pods.loop.activePods(),
    placement: () => pods.placement,
    claims: (pod, container) => dynamic?.claimsOf(pod, container) ?? [],
    onChange: () => nodeParts.node.updateSoon(),
    onHealth: (uid) => pods.workers.wake(uid),
  });
  const nodeParts = await composeNode(foundation, pleg, devices);
  const { node, state } = nodeParts;
  nodeObject = node.node;
  const catalog = podCatalog((pod, source) =>
    journal.write({ kind: 'source.duplicate', object: podReference(pod), pod: describePod(pod), source }),
  );
  await checkUserNamespaces({ idsPerPod: config.userNamespaces?.idsPerPod, maxPods: config.maxPods });
  const pods = composePods(foundation, { ...nodeParts, devices, dynamic, pleg, catalog, cgroupDriver, logLinks });
  const { loop, allocations, statuses, workers, services, cgroups, garbage, rotation } = pods;
  const defence = composeDefence(foundation, { ...nodeParts, pleg, cgroupDriver, pods });
  const sources = composeSources(foundation, catalog, (changes) => changes.forEach(loop.handle), node.registered);
  // Static pods that were there before the node get their mirrors as soon as it is.
  node
    .registered(signal)
    .then(() => workers.uids().forEach(workers.wake))
    .catch(() => undefined);

  const serving = await servingCertificate({
    config,
    api,
    clock,
    journal,
    certDir: flags.certDir,
    nodeName,
    node: node.node,
  });
  const stats = nodeStats({
    cri,
    cache: pleg,
    podByUid: catalog.byUid,
    clock,
    nodeName,
    memoryBytes: unitsOf(node.capacity().memory),
    rootDir: flags.rootDir,
    systemCgroups: {
      pods: cgroupPath(kubepodsName(parseCgroupRoot(config.cgroupRoot ?? '/')), cgroupDriver),
      ...(flags.runtimeCgroups === '' ? {} : { runtime: flags.runtimeCgroups }),
      ...(config.kubeletCgroups === undefined ? {} : { kubelet: config.kubeletCgroups }),
      ...(config.systemCgroups === undefined ? {} : { misc: config.systemCgroups }),
    },
    volumes: { mountedOf: pods.volumes.mountedOf, drivenUsage: pods.csi?.usage },
    cgroupOf: (pod) => podCgroupPath(pod, config.cgroupRoot ?? '/', cgroupDriver),
  });
  readers.push(terminationMeter({ meters: metrics.meters, cache: pleg, podByUid: catalog.byUid }));
  const gauges = podGauges({ meters: metrics.meters, cache: pleg, catalog, statuses });
  const own = ownGauges({
    meters: metrics.meters,
    clock,
    version: kubernetesVersion,
    features: allFeatures(config.featureGates ?? {}),
    cgroupVersion: cgroupFs().version,
    workers,
    podByUid: catalog.byUid,
    certificates: {
      client: join(flags.certDir, 'kubelet-client-current.pem'),
      server: join(flags.certDir, 'kubelet-server-current.pem'),
    },
  });
  const servers = await startServers({
    config: { ...config, ...serving.files, cgroupDriver },
    nodeName,
    api,
    certificate: serving.certificate,
    clock,
    journal,
    cri,
    catalog,
    cache: pleg,
    statusOf: statuses.get,
    rootDir: flags.rootDir,
    version: kubernetesVersion.slice(1),
    startedAt,
    flags: listFlags(flags, config),
    texts: {
      '/metrics': async () => {
        gauges();
        own();
        return { text: `${await metrics.all()}\n${await stats.volumeMetrics()}`, contentType: metrics.contentType };
      },
      '/metrics/resource': stats.resourceMetrics,
      '/metrics/cadvisor': stats.cadvisorMetrics,
      '/stats/summary': stats.summary,
      '/metrics/probes': async () => ({ text: await metrics.probes(), contentType: metrics.contentType }),
    },
    syncLoopProblem: pleg.problem,
    setVerbosity: (level) => {
      verbosity = level;
    },
    extraRoutes: [journalRoute(view)],
  });
  healthProblem = pleg.problem;
  signal.addEventListener('abort', () => servers.close());

  await cgroups.start();
  journal.write({ kind: 'node.kubeletStarted', node: nodeName });
  await checkHostDns({ journal, nodeName, resolvConf: config.resolvConf, clusterDomain: config.clusterDomain ?? '' });
  void notifySystemd('READY=1').catch(() => undefined);
  const lease =
    api &&
    nodeLease({ api, clock, journal, nodeName, durationSeconds: config.nodeLeaseDurationSeconds, node: node.node });
  const local = [
    pleg,
    devices,
    pods.placement,
    state,
    loop,
    allocations,
    garbage,
    rotation,
    ...defence.parts,
    ...sources.local,
    access,
    startUpMemory({
      clock,
      collect: globalThis.gc && (() => globalThis.gc?.({ type: 'major', flavor: 'last-resort' })),
    }),
  ];
  // Nobody is let in without a certificate, so these wait for the first one; static pods do not.
  const plugins = pluginWatcher({
    folder: join(flags.rootDir, 'plugins_registry'),
    clock,
    journal,
    handlers: {
      DevicePlugin: devices.handler,
      ...(pods.csi === undefined ? {} : { CSIPlugin: pods.csi.handler }),
      ...(dynamic === undefined ? {} : { DRAPlugin: dynamic.handler }),
    },
  });
  const remote = [plugins, dynamic, statuses, serving.certificate, ...sources.remote, lease, services, events];
  /** A restarted kubelet looks at the runtime before it speaks of the node, or the node would seem to fail for a moment. */
  const reportNode = async (): Promise<void> => {
    const looked = () => state.runtimeErrors().length === 0 || 'the runtime was not looked at yet';
    await waitUntil(looked, { clock, everyMs: 20, timeoutMs: firstLookMs, signal });
    await node.run(signal);
  };
  await Promise.all([
    watched,
    ...local.map((part) => part?.run(signal)),
    ...(config.makeIPTablesUtilChains ? [iptablesKeeper({ clock, journal }).run(signal)] : []),
    ...[...remote, { run: reportNode }].map(async (part) => {
      await access?.ready(signal);
      await part?.run(signal);
    }),
  ]);
}

function makeFolders(rootDir: string, logsRoot: string): void {
  for (const folder of [rootDir, join(rootDir, 'pods'), join(rootDir, 'plugins'), join(rootDir, 'plugins_registry')]) {
    mkdirSync(folder, { recursive: true, mode: 0o750 });
  }
  mkdirSync(join(rootDir, 'checkpoints'), { recursive: true, mode: 0o700 });
  for (const folder of [logsRoot, logLinks]) mkdirSync(folder, { recursive: true, mode: 0o755 });
}

/** The runtime knows best which driver it uses; only an older one leaves it to the configuration. */
async function findCgroupDriver(cri: Cri, config: KubeletConfiguration): Promise<'systemd' | 'cgroupfs'> {
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
    process.stdout.write(renderUsage(computeConfiguration({}, new Map())));
    return;
  }
  const { configuration, warnings } = await loadKubeletConfiguration(parsed);
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort(new Error(name)));
  try {
    await runKubelet(parsed, reservedAsConfigured(configuration), warnings, stop.signal);
  } catch (error) {
    // What was under way when the kubelet was told to stop is left for the next one.
    if (!stop.signal.aborted) throw error;
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`Error: ${messageOf(error)}\n`);
    process.exit(1);
  },
);
