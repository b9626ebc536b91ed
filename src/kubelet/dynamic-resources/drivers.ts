import { isNotFound } from '../../api/errors.ts';
import type { KubeApi } from '../../api/port.ts';
import { type BackoffCurve, backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { PluginHandler } from '../plugins/index.ts';
import { chooseService, type DriverPlugin, driverPlugin } from './driver.ts';

export interface DriversOptions {
  readonly nodeName: string;
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly journal: Journal;
  /** There is a plugin more; it ends with the signal. */
  readonly onPlugin: (driver: string, plugin: DriverPlugin, signal: AbortSignal) => void;
}

export interface Drivers {
  readonly handler: PluginHandler;
  /** Throws when no plugin of the driver has registered. */
  get(driver: string): DriverPlugin;
  /** Takes away what the drivers of an earlier run had offered: they will tell anew when they are back. */
  run(signal: AbortSignal): Promise<void>;
}

interface Known {
  readonly plugin: DriverPlugin;
  readonly gone: AbortController;
  connected: boolean;
}

/** A driver that is not back by then offers nothing any more: pods would be sent here and wait for it. */
const awayMs = 30_000;
const curve: BackoffCurve = { firstMs: 1000, factor: 2, maxMs: 5 * 60_000 };

/** The drivers of the node's devices: a newer plugin of a driver may serve beside the one that it replaces. */
export function resourceDrivers({ nodeName, api, clock, journal, onPlugin }: DriversOptions): Drivers {
  /** Driver → its plugins, the newest last. */
  const known = new Map<string, Known[]>();
  const wiping = new Map<string, AbortController>();

  /** Removes what the node offers, of one driver or of all, until that is done or the signal aborts. */
  async function wipe(driver: string | undefined, signal: AbortSignal): Promise<void> {
    const fieldSelector = [`spec.nodeName=${nodeName}`, ...(driver === undefined ? [] : [`spec.driver=${driver}`])];
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        await api.delete('/apis/resource.k8s.io/v1/resourceslices', undefined, {
          query: { fieldSelector: fieldSelector.join(',') },
          signal,
        });
        return;
      } catch (error) {
        if (isNotFound(error) || signal.aborted) return;
        journal.write({ kind: 'dynamic.slicesKept', driver: driver ?? '', error: messageOf(error) });
      }
      await clock.sleep(backoffMs(curve, tries), signal).catch(() => undefined);
    }
  }

  /** Starts or stops the clock for what a driver offers. */
  function weigh(driver: string): void {
    if (known.get(driver)?.some(({ connected }) => connected)) {
      wiping.get(driver)?.abort();
      wiping.delete(driver);
      return;
    }
    if (wiping.has(driver)) return;
    const back = new AbortController();
    wiping.set(driver, back);
    void clock
      .sleep(awayMs, back.signal)
      .then(() => wipe(driver, back.signal))
      .catch(() => undefined)
      .finally(() => {
        if (wiping.get(driver) === back) wiping.delete(driver);
      });
  }

  function remove(driver: string, socket: string): void {
    const plugins = known.get(driver) ?? [];
    const found = plugins.find(({ plugin }) => plugin.socket === socket);
    if (found === undefined) return;
    const left = plugins.filter((other) => other !== found);
    if (left.length === 0) known.delete(driver);
    else known.set(driver, left);
    found.gone.abort();
    found.plugin.close();
    weigh(driver);
  }

  return {
    handler: {
      async register({ name, socket, versions }) {
        try {
          chooseService(versions);
        } catch (error) {
          const where = `DRA driver plugin ${name} at endpoint ${socket}`;
          throw new Error(`invalid supported gRPC versions of ${where}: ${messageOf(error)}`, { cause: error });
        }
        remove(name, socket);
        const plugin = driverPlugin(socket, versions, (call) =>
          journal.write({ kind: 'dynamic.called', driver: name, ...call }),
        );
        const entry: Known = { plugin, gone: new AbortController(), connected: false };
        known.set(name, [...(known.get(name) ?? []), entry]);
        const { signal } = entry.gone;
        void plugin.watch((connected) => {
          entry.connected = connected;
          journal.write({ kind: 'dynamic.connection', driver: name, socket, connected });
          if (!signal.aborted) weigh(name);
        }, signal);
        onPlugin(name, plugin, signal);
        weigh(name);
      },
      unregister: ({ name, socket }) => remove(name, socket),
    },
    get(driver) {
      const plugins = known.get(driver) ?? [];
      const found = plugins.findLast(({ connected }) => connected) ?? plugins.at(-1);
      if (found === undefined) throw new Error(`DRA driver ${driver} is not registered`);
      return found.plugin;
    },
    async run(signal) {
      signal.addEventListener('abort', () => {
        for (const { plugin, gone } of [...known.values()].flat()) {
          gone.abort();
          plugin.close();
        }
        for (const back of wiping.values()) back.abort();
      });
      await wipe(undefined, signal);
    },
  };
}
