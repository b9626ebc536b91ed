import { messageOf } from '../../base/errors.ts';

/** How much the engine lets a container do: all of it, or everything that can be named one by one. */
export type Privilege = 'privileged' | 'named';

/**
 * Every capability that Docker 20.10 knows but SYS_RESOURCE. A daemon that has itself been denied that one (rootless,
 * nested, or with a reduced bounding set) refuses `--privileged`, which asks for all.
 */
export const namedCapabilities = [
  'AUDIT_CONTROL',
  'AUDIT_READ',
  'AUDIT_WRITE',
  'BLOCK_SUSPEND',
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'IPC_LOCK',
  'IPC_OWNER',
  'KILL',
  'LEASE',
  'LINUX_IMMUTABLE',
  'MAC_ADMIN',
  'MAC_OVERRIDE',
  'MKNOD',
  'NET_ADMIN',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYSLOG',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_CHROOT',
  'SYS_MODULE',
  'SYS_NICE',
  'SYS_PACCT',
  'SYS_PTRACE',
  'SYS_RAWIO',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'WAKE_ALARM',
] as const;

/** Whether this is the engine's way to say that it cannot or may not grant everything. */
export const refusesPrivileged = (error: unknown): boolean =>
  /unable to apply cap|privileged|\bCAP_[A-Z]/i.test(messageOf(error));

/**
 * Runs `start` with as much privilege as the engine grants. The first to come finds that out, the others wait for what
 * it finds; it is remembered, because each attempt costs a container that cannot start.
 */
export function grantedPrivilege(): <T>(start: (as: Privilege) => Promise<T>) => Promise<T> {
  let found: Privilege | undefined;
  let finding: Promise<unknown> | undefined;

  async function findOut<T>(start: (as: Privilege) => Promise<T>): Promise<T> {
    for (const as of ['privileged', 'named'] as const) {
      try {
        const started = await start(as);
        found = as;
        return started;
      } catch (error) {
        if (as === 'named' || !refusesPrivileged(error)) throw error;
      }
    }
    throw new Error('unreachable: the last attempt either answers or throws');
  }

  return async (start) => {
    while (found === undefined && finding !== undefined) await finding;
    if (found !== undefined) return start(found);
    const attempt = findOut(start);
    finding = attempt
      .catch(() => undefined)
      .finally(() => {
        finding = undefined;
      });
    return attempt;
  };
}
