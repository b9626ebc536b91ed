import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import { ContainerAllocateResponse } from '../../cri/generated/deviceplugin.ts';
import type { Journal } from '../../journal/journal.ts';
import { writeFileAtOnce } from '../checkpoint.ts';
import type { ClaimInUse } from '../dynamic-resources/prepared.ts';
import type { RunnableContainer } from '../parts.ts';
import type { PluginHandler } from '../plugins/index.ts';
import { uidOf } from '../pod-facts.ts';
import type { HintProvider, Placement } from '../topology/index.ts';
import { type DeviceAllocator, deviceAllocator, idsOf } from './allocator.ts';
import { type DeviceEntry, parseDeviceCheckpoint, renderDeviceCheckpoint } from './checkpoint.ts';
import type { Device } from './decide.ts';
import { connectPlugin, type DevicePlugin } from './plugin.ts';
import { servePodResources } from './pod-resources.ts';
import { findPluginProblem, type Registered, serveRegistration } from './registration.ts';

export type { ResourceStatus } from './allocator.ts';

/** What plugins add to a container. */
export type ContainerDevices = Pick<ContainerAllocateResponse, 'envs' | 'mounts' | 'devices' | 'annotations'> & {
  readonly cdiDevices: readonly string[];
};

export interface DeviceManager extends HintProvider, Pick<DeviceAllocator, 'healthOf'> {
  /** Takes plugins that are found by their sockets instead of coming to the kubelet's. */
  readonly handler: PluginHandler;
  /** What the plugins add to the container; tells those that want to know that it starts. */
  forContainer(pod: Pod, container: RunnableContainer): Promise<ContainerDevices>;
  /** By resource: all devices of the node, and the healthy ones. 0 of both: its plugin has been gone for minutes. */
  resources(): ReadonlyMap<string, { readonly capacity: number; readonly allocatable: number }>;
  /** How many of each resource pods hold: the node has had that many, whatever its plugin says today. */
  held(): ReadonlyMap<string, number>;
  run(signal: AbortSignal): Promise<void>;
}

export interface DeviceManagerOptions {
  readonly rootDir: string;
  readonly clock: Clock;
  readonly journal: Journal;
  /** Whether the container runs already: then it has its devices, whatever its plugin is doing. */
  readonly runs: (podUid: string, container: string) => boolean;
  /** The pods that hold resources of the node; their devices are shown to whoever asks. */
  readonly pods: () => readonly Pod[];
  /** What containers claim from drivers, which is shown, too. */
  readonly claims: (pod: Pod, container: RunnableContainer) => readonly ClaimInUse[];
  /** CPUs and memory that containers have for themselves, which are shown beside their devices. */
  readonly placement: () => Pick<Placement, 'heldBy' | 'allocatable'>;
  /** What `resources` answers is new. */
  readonly onChange: () => void;
  /** A device of the pod fell ill or is well again. */
  readonly onHealth: (podUid: string) => void;
}

interface Endpoint {
  readonly plugin: DevicePlugin | undefined;
  readonly devices: ReadonlyMap<string, Device>;
  readonly stoppedAt: Instant | undefined;
}

/** How long a plugin may be gone before its resource is. */
const graceMs = 5 * 60_000;

/** The manager, with what an earlier run left in its checkpoint. */
export function deviceManager(options: DeviceManagerOptions): DeviceManager {
  const { clock, journal } = options;
  const folder = join(options.rootDir, 'device-plugins');
  const path = join(folder, 'kubelet_internal_checkpoint');
  const endpoints = new Map<string, Endpoint>();
  let writing = Promise.resolve();
  let stop: AbortSignal | undefined;

  function restore(): readonly DeviceEntry[] {
    try {
      const saved = parseDeviceCheckpoint(readFileSync(path, 'utf8'));
      for (const resource of saved.registered.keys())
        endpoints.set(resource, { plugin: undefined, devices: new Map(), stoppedAt: clock.now() });
      return saved.entries;
    } catch (error) {
      // Nothing is lost that plugins do not tell again, but for whose devices are whose.
      if (codeOf(error) !== 'ENOENT')
        journal.write({
          kind: 'device.problem',
          what: 'Failed to read the checkpoint of devices',
          error: messageOf(error),
        });
      return [];
    }
  }

  function save(): void {
    const registered = new Map(
      [...endpoints].map(([name, { devices }]) => [
        name,
        [...devices.values()].filter((d) => d.healthy).map((d) => d.id),
      ]),
    );
    const text = renderDeviceCheckpoint({ entries: allocator.entries(), registered });
    writing = writing
      .then(() => writeFileAtOnce(path, text))
      .catch((error) =>
        journal.write({ kind: 'device.problem', what: 'Failed to write checkpoint file', error: messageOf(error) }),
      );
  }

  async function register({ resource, socket }: Registered): Promise<void> {
    try {
      const plugin = await connectPlugin(socket);
      endpoints.get(resource)?.plugin?.close();
      const endpoint: Endpoint = { plugin, devices: new Map(), stoppedAt: undefined };
      endpoints.set(resource, endpoint);
      journal.write({ kind: 'device.registered', resource, socket });
      void watch(resource, plugin);
    } catch (error) {
      journal.write({ kind: 'device.refused', resource, error: messageOf(error) });
      throw error;
    }
  }

  /** Takes over what is new of a resource, and says whose devices are not what they were. */
  function setDevices(resource: string, next: Endpoint): void {
    const before = endpoints.get(resource)?.devices ?? new Map<string, Device>();
    endpoints.set(resource, next);
    const changed = new Set(
      [...next.devices.values()].filter(({ id, healthy }) => before.get(id)?.healthy !== healthy).map(({ id }) => id),
    );
    const holders = allocator
      .entries()
      .filter((entry) => entry.resource === resource && idsOf(entry).some((id) => changed.has(id)));
    for (const uid of new Set(holders.map(({ podUid }) => podUid))) options.onHealth(uid);
  }

  /** Takes over what the plugin tells for as long as it is there; then its devices are unhealthy. */
  async function watch(resource: string, plugin: DevicePlugin): Promise<void> {
    const isCurrent = () => endpoints.get(resource)?.plugin === plugin;
    let problem = 'EOF';
    try {
      for await (const devices of plugin.devices(stop ?? new AbortController().signal)) {
        if (!isCurrent()) return;
        setDevices(resource, { plugin, devices: new Map(devices.map((d) => [d.id, d])), stoppedAt: undefined });
        const healthy = devices.filter((d) => d.healthy).length;
        journal.write({ kind: 'device.listed', resource, healthy, unhealthy: devices.length - healthy });
        save();
        options.onChange();
      }
    } catch (error) {
      problem = messageOf(error);
    }
    plugin.close();
    if (!isCurrent() || stop?.aborted) return;
    journal.write({ kind: 'device.disconnected', resource, error: problem });
    const devices = [...(endpoints.get(resource)?.devices ?? [])].map(
      ([id, d]) => [id, { ...d, healthy: false }] as const,
    );
    setDevices(resource, { plugin: undefined, devices: new Map(devices), stoppedAt: clock.now() });
    options.onChange();
    // Once the grace is over, the resource is gone.
    await clock.sleep(graceMs, stop).catch(() => undefined);
    options.onChange();
  }

  const allocator = deviceAllocator({
    clock,
    journal,
    resource: (name) => endpoints.get(name),
    runs: options.runs,
    entries: restore(),
    onChange: save,
  });

  return {
    ...allocator,
    handler: {
      async register(plugin) {
        const problem = findPluginProblem(plugin);
        if (problem !== undefined) throw new Error(problem);
        await register({ resource: plugin.name, socket: plugin.socket });
      },
      // The end of its stream has told the rest.
      unregister: ({ name, socket }) => {
        const known = endpoints.get(name)?.plugin;
        if (known?.socket === socket) known.close();
      },
    },
    async forContainer(pod, container) {
      const own = allocator.entries().filter((e) => e.podUid === uidOf(pod) && e.container === container.name);
      for (const entry of own) {
        const plugin = endpoints.get(entry.resource)?.plugin;
        if (plugin?.options.preStartRequired) await plugin.preStart(idsOf(entry));
      }
      return mergeResponses(own.map(({ response }) => ContainerAllocateResponse.decode(response)));
    },
    resources() {
      const expired = ({ stoppedAt }: Endpoint) => stoppedAt !== undefined && clock.now() - stoppedAt >= graceMs;
      return new Map(
        [...endpoints].map(([resource, endpoint]) => {
          const devices = expired(endpoint) ? [] : [...endpoint.devices.values()];
          return [resource, { capacity: devices.length, allocatable: devices.filter((d) => d.healthy).length }];
        }),
      );
    },
    held() {
      const ids = new Map<string, Set<string>>();
      for (const entry of allocator.entries()) {
        const known = ids.get(entry.resource) ?? new Set();
        for (const id of idsOf(entry)) known.add(id);
        ids.set(entry.resource, known);
      }
      return new Map([...ids].map(([resource, known]) => [resource, known.size]));
    },
    async run(signal) {
      stop = signal;
      const problem = (what: string) => (error: unknown) => {
        journal.write({ kind: 'device.problem', what, error: messageOf(error) });
        return () => undefined;
      };
      const stopRegistration = await serveRegistration(join(folder, 'kubelet.sock'), register).catch(
        problem('Failed to start device plugin registration server'),
      );
      const facts = {
        pods: options.pods,
        placement: options.placement(),
        entries: allocator.entries,
        claims: options.claims,
        devices: () => new Map([...endpoints].map(([name, { devices }]) => [name, [...devices.values()]])),
      };
      const socket = join(options.rootDir, 'pod-resources/kubelet.sock');
      const stopResources = await servePodResources(socket, facts, { clock, journal }).catch(
        problem('Failed to start the pod resources server'),
      );
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      stopRegistration();
      stopResources();
      for (const { plugin } of endpoints.values()) plugin?.close();
    },
  };
}

/** Several plugins' answers as one; of two that set the same variable, path or annotation the first is heard. */
export function mergeResponses(responses: readonly ContainerAllocateResponse[]): ContainerDevices {
  const once = <T>(items: readonly T[], key: (item: T) => string): T[] => {
    const seen = new Set<string>();
    return items.filter((item) => !seen.has(key(item)) && seen.add(key(item)) !== undefined);
  };
  return {
    envs: Object.assign({}, ...[...responses].reverse().map(({ envs }) => envs)),
    annotations: Object.assign({}, ...[...responses].reverse().map(({ annotations }) => annotations)),
    mounts: once(
      responses.flatMap(({ mounts }) => mounts),
      ({ containerPath }) => containerPath,
    ),
    devices: once(
      responses.flatMap(({ devices }) => devices),
      ({ containerPath }) => containerPath,
    ),
    cdiDevices: once(
      responses.flatMap(({ cdiDevices }) => cdiDevices.map(({ name }) => name)),
      (name) => name,
    ),
  };
}
