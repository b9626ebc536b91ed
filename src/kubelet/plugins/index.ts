import { type FSWatcher, watch } from 'node:fs';
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

interface Found {
  /** Path → identity. */
  readonly sockets: Map<string, string>;
  /** The folder and those below it. */
  readonly folders: Set<string>;
}

/** What lies in a folder. Names that begin with a dot are not meant for the kubelet. */
async function lookInto(folder: string, found: Found = { sockets: new Map(), folders: new Set() }): Promise<Found> {
  found.folders.add(folder);
  for (const name of await readdir(folder)) {
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    const info = await stat(path).catch(() => undefined);
    if (info?.isSocket()) found.sockets.set(path, `${info.ino}/${info.ctimeMs}`);
    else if (info?.isDirectory()) await lookInto(path, found);
  }
  return found;
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

  async function look(signal: AbortSignal, keepWatching: (folders: ReadonlySet<string>) => boolean): Promise<void> {
    let { sockets: found, folders } = await lookInto(folder);
    // What was made in a new folder before it was watched is seen by looking once more.
    while (keepWatching(folders)) ({ sockets: found, folders } = await lookInto(folder));
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
      const watchers = new Map<string, FSWatcher>();
      /** Answers whether any is new. */
      function keepWatching(folders: ReadonlySet<string>): boolean {
        for (const [path, watcher] of watchers) {
          if (folders.has(path)) continue;
          watcher.close();
          watchers.delete(path);
        }
        const fresh = [...folders].filter((path) => !watchers.has(path));
        // One that is gone again is missed by nobody.
        for (const path of fresh) watchers.set(path, watch(path, lookSoon).on('error', lookSoon));
        return fresh.length > 0;
      }
      const lookSoon = (): void => {
        looking = looking
          .then(() => look(signal, keepWatching))
          .catch((error: unknown) => journal.write({ kind: 'plugin.failed', socket: folder, error: messageOf(error) }));
      };
      lookSoon();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      for (const watcher of watchers.values()) watcher.close();
      for (const { gone } of known.values()) gone.abort();
    },
  };
}
