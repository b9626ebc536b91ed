import { watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackoffCurve, backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { grpcChannel } from '../../cri/channel.ts';
import { RegistrationService as service } from '../../cri/generated/pluginregistration.ts';
import type { Journal } from '../../journal/journal.ts';

export interface Plugin {
  readonly name: string;
  /** The socket that the plugin serves on. */
  readonly socket: string;
  readonly versions: readonly string[];
}

/** What takes plugins of one type. */
export interface PluginHandler {
  /** Rejects to refuse; the plugin is told why, and asked again later. */
  register(plugin: Plugin): Promise<void>;
  unregister(plugin: Plugin): void;
}

export interface PluginWatcherOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly journal: Journal;
  /** By type, as `CSIPlugin`. */
  readonly handlers: Readonly<Record<string, PluginHandler>>;
}

interface Socket {
  /** Tells a socket from another that was made at the same place later. */
  readonly identity: string;
  readonly gone: AbortController;
  plugin?: { readonly plugin: Plugin; readonly handler: PluginHandler };
}

const askMs = 10_000;
const notifyMs = 5_000;
const curve: BackoffCurve = { firstMs: 500, factor: 2, maxMs: 122_000 };

/** The sockets of a folder: path → identity. Sockets that begin with a dot are not meant for the kubelet. */
async function listSockets(folder: string): Promise<ReadonlyMap<string, string>> {
  const sockets = new Map<string, string>();
  for (const name of await readdir(folder)) {
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    const info = await stat(path).catch(() => undefined);
    if (info?.isSocket()) sockets.set(path, `${info.ino}/${info.ctimeMs}`);
    else if (info?.isDirectory()) for (const [path, id] of await listSockets(join(folder, name))) sockets.set(path, id);
  }
  return sockets;
}

/** Lets plugins register with the kubelet for as long as it runs. */
export function pluginWatcher({ folder, clock, journal, handlers }: PluginWatcherOptions) {
  const known = new Map<string, Socket>();

  /** Asks a socket who it is and hands it to its handler. Rejects when it is refused. */
  async function register(path: string, socket: Socket): Promise<void> {
    const channel = grpcChannel(path);
    const notify = (error: string) =>
      channel.unary(
        service.notifyRegistrationStatus,
        { pluginRegistered: error === '', error },
        { timeoutMs: notifyMs },
      );
    try {
      const asked = await channel.unary(service.getInfo, {}, { timeoutMs: askMs });
      const plugin = { name: asked.name, socket: asked.endpoint || path, versions: asked.supportedVersions };
      const handler = handlers[asked.type];
      try {
        if (handler === undefined)
          throw new Error(`no handler registered for plugin type: ${asked.type} at socket ${path}`);
        await handler.register(plugin);
      } catch (error) {
        await notify(`registration failed: ${messageOf(error)}`).catch(() => undefined);
        throw error;
      }
      socket.plugin = { plugin, handler };
      if (socket.gone.signal.aborted) handler.unregister(plugin);
      journal.write({ kind: 'plugin.registered', type: asked.type, name: plugin.name, socket: plugin.socket });
      await notify('').catch((error: unknown) =>
        journal.write({ kind: 'plugin.failed', socket: path, error: messageOf(error) }),
      );
    } finally {
      channel.close();
    }
  }

  async function keepTrying(path: string, socket: Socket, signal: AbortSignal): Promise<void> {
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        return await register(path, socket);
      } catch (error) {
        if (signal.aborted) return;
        journal.write({ kind: 'plugin.failed', socket: path, error: messageOf(error) });
      }
      await clock.sleep(backoffMs(curve, tries), signal).catch(() => undefined);
    }
  }

  async function look(signal: AbortSignal): Promise<void> {
    const found = await listSockets(folder);
    for (const [path, socket] of known) {
      if (found.get(path) === socket.identity) continue;
      known.delete(path);
      socket.gone.abort();
      // One that was made anew registers over the old one, whose volumes stay in use meanwhile.
      if (!found.has(path)) {
        socket.plugin?.handler.unregister(socket.plugin.plugin);
        journal.write({ kind: 'plugin.gone', socket: path });
      }
    }
    for (const [path, identity] of found) {
      if (known.has(path)) continue;
      const socket: Socket = { identity, gone: new AbortController() };
      known.set(path, socket);
      void keepTrying(path, socket, AbortSignal.any([signal, socket.gone.signal]));
    }
  }

  return {
    async run(signal: AbortSignal): Promise<void> {
      let looking = Promise.resolve();
      const lookSoon = (): void => {
        looking = looking
          .then(() => look(signal))
          .catch((error: unknown) => journal.write({ kind: 'plugin.failed', socket: folder, error: messageOf(error) }));
      };
      const watcher = watch(folder, { recursive: false }, lookSoon);
      lookSoon();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      watcher.close();
      for (const { gone } of known.values()) gone.abort();
    },
  };
}
