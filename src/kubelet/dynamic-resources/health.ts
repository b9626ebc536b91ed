import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { Clock, Instant } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import { type DeviceHealth, HealthStatus } from '../../cri/generated/drahealth.ts';
import type { Journal } from '../../journal/journal.ts';
import { writeFileAtOnce } from '../checkpoint.ts';

/** How a device is, as its driver last told. */
export interface KnownHealth {
  readonly health: 'Healthy' | 'Unhealthy' | 'Unknown';
  readonly message: string;
}

interface Told extends KnownHealth {
  readonly pool: string;
  readonly device: string;
  readonly at: Instant;
  readonly timeoutMs: number;
}

export interface HealthOptions {
  /** `<root>/dra_health_state` */
  readonly path: string;
  readonly clock: Clock;
  readonly journal: Journal;
}

const defaultTimeoutMs = 30_000;
const longestMessage = 1024;
/** More devices than that no driver of a node has. */
const mostDevices = 16_384;
const nanosPerMs = 1_000_000;

const unknown: KnownHealth = { health: 'Unknown', message: '' };

const fileSchema = z.record(
  z.string(),
  z.object({
    Devices: z.record(
      z.string(),
      z.object({
        PoolName: z.string(),
        DeviceName: z.string(),
        Health: z.enum(['Healthy', 'Unhealthy', 'Unknown']),
        LastUpdated: z.string(),
        HealthCheckTimeout: z.number(),
        Message: z.string().default(''),
      }),
    ),
  }),
);

type Drivers = Map<string, Map<string, Told>>;

const keyOf = (pool: string, device: string): string => `${pool}/${device}`;

/** The file's text → driver → what it told of each device. Throws when it is no such file. */
export function parseHealth(text: string): Drivers {
  return new Map(
    Object.entries(fileSchema.parse(JSON.parse(text))).map(([driver, { Devices }]) => [
      driver,
      new Map(
        Object.entries(Devices).map(([key, told]) => [
          key,
          {
            pool: told.PoolName,
            device: told.DeviceName,
            health: told.Health,
            message: told.Message,
            at: Date.parse(told.LastUpdated),
            timeoutMs: told.HealthCheckTimeout / nanosPerMs,
          },
        ]),
      ),
    ]),
  );
}

/** The file as upstream's kubelet writes it. */
export const renderHealth = (drivers: Drivers): string =>
  JSON.stringify(
    Object.fromEntries(
      [...drivers].map(([driver, devices]) => [
        driver,
        {
          Devices: Object.fromEntries(
            [...devices].map(([key, { pool, device, health, at, timeoutMs, message }]) => [
              key,
              {
                PoolName: pool,
                DeviceName: device,
                Health: health,
                LastUpdated: new Date(at).toISOString(),
                HealthCheckTimeout: timeoutMs * nanosPerMs,
                Message: message,
              },
            ]),
          ),
        },
      ]),
    ),
  );

function readTold({ device, health, healthCheckTimeoutSeconds, message }: DeviceHealth, at: Instant): Told {
  const seconds = Number(healthCheckTimeoutSeconds);
  return {
    pool: device?.poolName ?? '',
    device: device?.deviceName ?? '',
    health: health === HealthStatus.HEALTHY ? 'Healthy' : health === HealthStatus.UNHEALTHY ? 'Unhealthy' : 'Unknown',
    message: message.length <= longestMessage ? message : `${message.slice(0, longestMessage - 3)}...`,
    at,
    timeoutMs: seconds > 0 ? seconds * 1000 : defaultTimeoutMs,
  };
}

/** What drivers tell of their devices; what they do not tell again in time is unknown. */
export function deviceHealth({ path, clock, journal }: HealthOptions) {
  const drivers = restore();
  let writing = Promise.resolve();

  function restore(): Drivers {
    try {
      return parseHealth(readFileSync(path, 'utf8'));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT')
        journal.write({ kind: 'dynamic.problem', what: 'Failed to load health checkpoint', error: messageOf(error) });
      return new Map();
    }
  }

  function save(): void {
    const text = renderHealth(drivers);
    writing = writing
      .then(() => writeFileAtOnce(path, text))
      .catch((error: unknown) =>
        journal.write({ kind: 'dynamic.problem', what: 'Failed to save health checkpoint', error: messageOf(error) }),
      );
  }

  const isStale = ({ at, timeoutMs }: Told): boolean => clock.now() - at > timeoutMs;

  return {
    get(driver: string, pool: string, device: string): KnownHealth {
      const told = drivers.get(driver)?.get(keyOf(pool, device));
      return told === undefined || isStale(told) ? unknown : told;
    },
    /** Takes over what a driver tells of all its devices; answers those that are not what they were. */
    take(
      driver: string,
      report: readonly DeviceHealth[],
    ): readonly { readonly pool: string; readonly device: string }[] {
      const devices = drivers.get(driver) ?? new Map<string, Told>();
      drivers.set(driver, devices);
      const changed: Told[] = [];
      const reported = new Set<string>();
      for (const told of report.map((device) => readTold(device, clock.now()))) {
        const key = keyOf(told.pool, told.device);
        reported.add(key);
        const before = devices.get(key);
        if (before === undefined && devices.size >= mostDevices) continue;
        const same =
          before?.health === told.health && before.message === told.message && before.timeoutMs === told.timeoutMs;
        if (!same) changed.push(told);
        devices.set(key, told);
      }
      const forgotten = [...devices].filter(([key, told]) => !reported.has(key) && isStale(told));
      for (const [key, told] of forgotten) {
        devices.delete(key);
        if (told.health !== 'Unknown') changed.push(told);
      }
      if (changed.length > 0 || forgotten.length > 0) save();
      return changed;
    },
    /** Resolves when the file is written. */
    saved: (): Promise<void> => writing,
    /** The driver tells nothing any more. */
    forget(driver: string): void {
      if (drivers.delete(driver)) save();
    },
  };
}
