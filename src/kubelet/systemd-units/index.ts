import { type Connection, connectSystemd, SystemdError } from './connection.ts';
import type { Argument, UnitProperty } from './wire.ts';

export { SystemdError } from './connection.ts';
export type { UnitProperty } from './wire.ts';

/** Units that live as long as they are wanted, without files of their own. */
export interface SystemdUnits {
  /** Makes and starts the unit; one that is there is left as it is. Resolves when it has started. */
  start(unit: string, properties: readonly UnitProperty[]): Promise<void>;
  /** Until the unit goes or the machine is started again. */
  set(unit: string, properties: readonly UnitProperty[]): Promise<void>;
  /** Ends the unit and all in it; one that is not there is fine. Resolves when it is gone. */
  stop(unit: string): Promise<void>;
}

const text = (value: string): Argument => ({ type: 's', value });
/** A unit that is on its way is replaced by what is asked for last. */
const replace = text('replace');

/** systemd's manager by its socket, connected at the first call and again when systemd was restarted. */
export function systemdUnits(socket = '/run/systemd/private'): SystemdUnits {
  let connection: Connection | undefined;
  /** Those that wait for a job's end, by the job's path. */
  const jobs = new Map<string, PromiseWithResolvers<string>>();
  /** Jobs that ended while calls were under way: a job's end may be told before the call's answer names the job. */
  const ended = new Map<string, string>();
  let underWay = 0;

  function connected(): Connection {
    if (connection !== undefined && !connection.closed) return connection;
    connection = connectSystemd(socket, {
      signal(member, [, job, , result]) {
        if (member !== 'JobRemoved' || typeof job !== 'string') return;
        const waits = jobs.get(job);
        waits?.resolve(String(result));
        jobs.delete(job);
        if (waits === undefined && underWay > 0) ended.set(job, String(result));
      },
      closed(error) {
        for (const { reject } of jobs.values()) reject(error);
        jobs.clear();
      },
    });
    // Without it systemd tells nothing unasked. What follows fails too when this does, and says so.
    connection.call('Subscribe', []).catch(() => undefined);
    return connection;
  }

  async function startJob(member: string, args: readonly Argument[]): Promise<string> {
    underWay += 1;
    try {
      const [path] = await connected().call(member, args);
      return String(path);
    } finally {
      underWay -= 1;
    }
  }
  /** A call that makes a job, whose end is waited for. */
  async function job(member: string, unit: string, args: readonly Argument[]): Promise<void> {
    const path = await startJob(member, [text(unit), replace, ...args]);
    const known = ended.get(path);
    ended.delete(path);
    if (underWay === 0) ended.clear();
    const waits = Promise.withResolvers<string>();
    if (known === undefined) jobs.set(path, waits);
    const result = known ?? (await waits.promise);
    if (result !== 'done')
      throw new Error(`systemd's ${member} of ${unit} ended as ${result}; see: journalctl -u ${unit}`);
  }

  return {
    async start(unit, properties) {
      try {
        await job('StartTransientUnit', unit, [{ type: 'a(sv)', value: properties }, { type: 'a(sa(sv))' }]);
      } catch (error) {
        if (!isError(error, 'UnitExists')) throw error;
      }
    },
    async set(unit, properties) {
      const runtime: Argument = { type: 'b', value: true };
      await connected().call('SetUnitProperties', [text(unit), runtime, { type: 'a(sv)', value: properties }]);
    },
    async stop(unit) {
      try {
        await job('StopUnit', unit, []);
      } catch (error) {
        if (!isError(error, 'NoSuchUnit')) throw error;
      }
    },
  };
}

const isError = (error: unknown, name: string): boolean =>
  error instanceof SystemdError && error.errorName === `org.freedesktop.systemd1.${name}`;
