import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { KubeApi } from '../../api/port.ts';
import type { PodStatus } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { CriRuntime } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import type { ServingCertificate } from '../certificates/index.ts';
import type { KubeletConfiguration } from '../config/index.ts';
import { featuresOf, parseGoDuration, renderConfigz } from '../config/index.ts';
import type { PodCache, PodCatalog } from '../parts.ts';
import { authenticator, credentialsOf, type User } from './authenticate.ts';
import { authorizer, requestAttributes } from './authorize.ts';
import { findRoute, metricPath, type Route, redirect, requestUrl, sendJson, sendText } from './router.ts';
import { checkpointRoute } from './routes/checkpoint.ts';
import { containerLogsRoute } from './routes/container-logs.ts';
import { debugFlagsRoute } from './routes/debug-flags.ts';
import { healthRoutes } from './routes/healthz.ts';
import { nodeLogsRoute } from './routes/node-logs.ts';
import { podRoutes } from './routes/pods.ts';
import { streamHandlers } from './routes/streams.ts';
import { zPages } from './routes/zpages.ts';
import { refuseUpgrade } from './upgrade.ts';

export { ownGauges } from './own-gauges.ts';
export { journalRoute } from './routes/journal.ts';

export interface ServerOptions {
  /** The configuration in force, as /configz shows it. */
  readonly config: KubeletConfiguration;
  readonly nodeName: string;
  readonly api: KubeApi | undefined;
  readonly certificate: ServingCertificate;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly cri: Pick<CriRuntime, 'exec' | 'attach' | 'portForward' | 'execSync' | 'checkpointContainer'>;
  readonly rootDir: string;
  /** `1.37.2` */
  readonly version: string;
  readonly startedAt: Instant;
  /** Every flag with its value, as /flagz shows it. */
  readonly flags: readonly (readonly [name: string, value: string])[];
  readonly catalog: PodCatalog;
  readonly cache: PodCache;
  readonly statusOf: (uid: string) => PodStatus | undefined;
  /** Path → what it answers, as text: metrics and statistics. */
  readonly texts: Readonly<
    Record<string, (query: URLSearchParams) => Promise<{ readonly text: string; readonly contentType: string }>>
  >;
  /** Why the sync loop is not healthy; undefined: it is. */
  readonly syncLoopProblem: () => string | undefined;
  readonly setVerbosity: (level: number) => void;
  /** Routes of our own, like the live view. */
  readonly extraRoutes: readonly Route[];
}

const day = 24 * 3_600_000;
/** What upstream gives a request, since logs and streams last. */
const requestTimeoutMs = 4 * 3_600_000;

const profilingDisabled: Route = {
  path: '/debug/pprof/*',
  debug: true,
  handle: ({ response }) => sendText(response, 405, 'profiling endpoint is disabled.\n'),
};

/** Folders that are asked for without their slash are elsewhere, by one character. */
const folders = ['/runningpods', '/logs', '/debug/pprof'];

/** What says that it is off where debugging handlers are; the others of them are not there at all. */
const saysDisabled =
  /^\/(?:(?:run|exec|attach|portForward|containerLogs)(?:\/.*)?|(?:runningpods|logs|debug\/pprof)\/.*)$/;

function allRoutes(options: ServerOptions, streams: ReturnType<typeof streamHandlers>): readonly Route[] {
  const { config, catalog, cache, statusOf, clock } = options;
  const feature = featuresOf(config);
  return [
    ...healthRoutes(options.syncLoopProblem),
    ...podRoutes({ catalog, cache, statusOf }),
    {
      path: '/configz',
      debug: true,
      handle: ({ response }) => sendJson(response, renderConfigz(config)),
    },
    ...Object.entries(options.texts).flatMap(([path, make]): Route[] =>
      // Statistics are a service of their own upstream, which is particular about methods but not about slashes.
      (path.startsWith('/stats/') ? [path, `${path}/`] : [path]).map((p) => ({
        path: p,
        ...(path.startsWith('/stats/') ? { methods: ['GET', 'POST'] } : {}),
        async handle({ response, url }) {
          const { text, contentType } = await make(url.searchParams);
          sendText(response, 200, text, contentType);
        },
      })),
    ),
    containerLogsRoute({
      catalog,
      cache,
      statusOf,
      logsRoot: config.podLogsDir,
      splitStreams: feature('PodLogsQuerySplitStreams'),
      now: () => clock.now(),
    }),
    nodeLogsRoute('/var/log', {
      enabled: config.enableSystemLogHandler,
      queries: feature('NodeLogQuery') && config.enableSystemLogQuery,
    }),
    ...(feature('ContainerCheckpoint')
      ? [
          checkpointRoute({
            cri: options.cri,
            catalog,
            cache,
            folder: join(options.rootDir, 'checkpoints'),
            now: () => clock.now(),
          }),
        ]
      : []),
    ...zPages({
      startedAt: options.startedAt,
      now: () => clock.now(),
      version: options.version,
      paths: ['/configz', '/healthz', '/metrics', '/pods', '/stats/summary'],
      flags: options.flags,
      statusz: feature('ComponentStatusz'),
      flagz: feature('ComponentFlagz'),
    }),
    ...streams.routes,
    debugFlagsRoute({ enabled: config.enableDebugFlagsHandler, setVerbosity: options.setVerbosity }),
    ...(config.enableProfilingHandler ? [] : [profilingDisabled]),
    ...options.extraRoutes,
  ];
}

/** Starts the kubelet's servers: HTTPS for everyone, plain HTTP for local health checks and, if asked for, read-only. */
export async function startServers(options: ServerOptions): Promise<{ close(): void }> {
  const { config, clock, journal, api, nodeName } = options;
  const streams = streamHandlers(options);
  const routes = allRoutes(options, streams);
  const authenticate = authenticator({
    clientCaFile: config.authentication.x509.clientCAFile,
    anonymous: config.authentication.anonymous.enabled,
    api: config.authentication.webhook.enabled ? api : undefined,
    tokenCacheMs: parseGoDuration(config.authentication.webhook.cacheTTL),
    clock,
  });
  const authorize = authorizer({
    mode: config.authorization.mode,
    api,
    nodeName,
    allowedMs: parseGoDuration(config.authorization.webhook.cacheAuthorizedTTL),
    deniedMs: parseGoDuration(config.authorization.webhook.cacheUnauthorizedTTL),
    clock,
  });

  /** Undefined: let in. */
  async function refusal(
    request: IncomingMessage,
    path: string,
  ): Promise<{ status: number; text: string } | undefined> {
    let user: User | undefined;
    try {
      user = await authenticate(credentialsOf(request.socket as TLSSocket, request.headers.authorization));
    } catch (error) {
      journal.write({ kind: 'server.authFailed', step: 'authenticate', reason: messageOf(error) });
    }
    if (user === undefined) return { status: 401, text: 'Unauthorized' };
    const attributes = requestAttributes(request.method ?? '', path);
    const subject = `user=${user.name}, verb=${attributes.verb}, resource=nodes, `;
    try {
      if (await authorize(user, attributes)) return undefined;
      return { status: 403, text: `Forbidden (${subject}subresource(s)=[${attributes.subresources.join(' ')}])\n` };
    } catch (error) {
      journal.write({ kind: 'server.authFailed', step: 'authorize', reason: messageOf(error) });
      return { status: 500, text: `Authorization error (${subject}subresource=${attributes.subresources[0]})` };
    }
  }

  async function answer(
    available: readonly Route[],
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    debugAllowed: boolean,
  ): Promise<void> {
    if (!debugAllowed && saysDisabled.test(url.pathname))
      return sendText(response, 405, 'Debug endpoints are disabled.\n');
    if (folders.includes(url.pathname)) return redirect(response, `${url.pathname}/${url.search}`);
    const match = findRoute(available, url.pathname);
    if (match === undefined || (match.route.debug === true && !debugAllowed))
      return sendText(response, 404, '404 page not found\n');
    if (match.route.methods !== undefined && !match.route.methods.includes(request.method ?? '')) {
      response.setHeader('allow', match.route.methods.join(', '));
      return sendText(response, 405, '405: Method Not Allowed');
    }
    await match.route.handle({ request, response, url, params: match.params });
  }

  const inFlight = new Map<string, number>();

  /** Tells that a request has come; what it answers is called when the request has been answered. */
  function begin(method: string, path: string, serverType: 'readwrite' | 'readonly'): (status: number) => void {
    const startedAt = clock.now();
    const key = `${method} ${path} ${serverType}`;
    const count = (change: 1 | -1): number => {
      const now = (inFlight.get(key) ?? 0) + change;
      inFlight.set(key, now);
      return now;
    };
    journal.write({ kind: 'server.asked', method, path, serverType, inFlight: count(1) });
    return (status) =>
      journal.write({
        kind: 'server.answered',
        method,
        path,
        status,
        serverType,
        ms: clock.now() - startedAt,
        inFlight: count(-1),
      });
  }

  const listener =
    (
      available: readonly Route[],
      serverType: 'readwrite' | 'readonly',
      debugAllowed: boolean,
      guarded: boolean,
    ): RequestListener =>
    (request, response) => {
      const url = requestUrl(request.url);
      const answered = begin(request.method ?? '', metricPath(available, url.pathname), serverType);
      response.once('close', () => answered(response.statusCode));
      const work = async () => {
        const refused = guarded ? await refusal(request, url.pathname) : undefined;
        if (refused !== undefined) return sendText(response, refused.status, refused.text);
        await answer(available, request, response, url, debugAllowed);
      };
      work().catch((error: unknown) => {
        journal.write({ kind: 'server.failed', path: url.pathname, reason: messageOf(error) });
        if (!response.headersSent) sendText(response, 500, `${messageOf(error)}\n`);
        else response.destroy();
      });
    };

  async function onUpgrade(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const url = requestUrl(request.url);
    const refused = await refusal(request, url.pathname);
    if (refused !== undefined)
      return refuseUpgrade(client, refused.status, STATUS_CODES[refused.status] ?? '', refused.text);
    if (!config.enableDebuggingHandlers)
      return refuseUpgrade(client, 405, 'Method Not Allowed', 'Debug endpoints are disabled.\n');
    const answered = begin(request.method ?? '', metricPath(routes, url.pathname), 'readwrite');
    if (request.headers.upgrade?.toLowerCase() === 'websocket' && streams.isStream(url.pathname))
      journal.write({ kind: 'server.webSocket', subresource: url.pathname.split('/')[1] ?? '' });
    await streams.upgrade(request, client, head, url).finally(() => answered(101));
  }

  const servers: Server[] = [];
  if (config.enableServer) {
    const material = options.certificate.current();
    const secure = createHttpsServer(
      {
        ...(material ?? {}),
        requestCert: true,
        // Whoever comes without a good certificate may still have a token: the authenticator decides.
        rejectUnauthorized: false,
        // Anything else is answered as if nobody had spoken of an upgrade.
        shouldUpgradeCallback: (request: IncomingMessage) => streams.isStream(requestUrl(request.url).pathname),
        minVersion: config.tlsMinVersion === 'VersionTLS13' ? 'TLSv1.3' : 'TLSv1.2',
        ...(config.tlsCipherSuites === undefined
          ? {}
          : { ciphers: config.tlsCipherSuites.map(opensslCipher).join(':') }),
      },
      listener(routes, 'readwrite', config.enableDebuggingHandlers, true),
    );
    secure.requestTimeout = requestTimeoutMs;
    secure.headersTimeout = 60_000;
    secure.keepAliveTimeout = 90_000;
    secure.maxHeadersCount = 1000;
    secure.on('upgrade', (request: IncomingMessage, client: Duplex, head: Buffer) => {
      client.on('error', () => client.destroy());
      void onUpgrade(request, client, head).catch((error: unknown) => {
        journal.write({ kind: 'server.failed', path: request.url ?? '', reason: messageOf(error) });
        client.destroy();
      });
    });
    let version = options.certificate.version();
    const reload = setInterval(() => {
      const next = options.certificate.version();
      const fresh = options.certificate.current();
      if (next === version || fresh === undefined) return;
      version = next;
      secure.setSecureContext(fresh);
    }, 1000);
    reload.unref();
    await listen(secure, config.port, config.address);
    const bound = secure.address();
    const port = bound !== null && typeof bound === 'object' ? bound.port : config.port;
    journal.write({ kind: 'server.listening', address: config.address, port });
    servers.push(secure);
  }
  if (config.readOnlyPort !== undefined && config.readOnlyPort > 0) {
    const open = routes.filter(({ path }) => /^\/(pods|stats|metrics|healthz)/.test(path));
    const readOnly = createHttpServer(listener(open, 'readonly', false, false));
    await listen(readOnly, config.readOnlyPort, config.address);
    servers.push(readOnly);
  }
  if (config.healthzPort > 0) {
    const health = createHttpServer((request, response) =>
      requestUrl(request.url).pathname === '/healthz'
        ? sendText(response, 200, 'ok')
        : sendText(response, 404, '404 page not found\n'),
    );
    listenForHealth(health, config.healthzPort, config.healthzBindAddress, (reason) =>
      journal.write({ kind: 'server.failed', path: '/healthz', reason }),
    );
    servers.push(health);
  }
  return {
    close() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`Failed to listen and serve on ${address}:${port}: ${error.message}`, { cause: error })),
    );
    server.on('connection', (socket: Socket) => socket.setTimeout(day));
    server.listen(port, address, () => {
      server.removeAllListeners('error');
      server.on('error', () => undefined);
      resolve();
    });
  });
}

const healthRetryMs = 5000;

/** Another program on the health port must not keep the kubelet from its work: it is tried again and again. */
function listenForHealth(server: Server, port: number, address: string, onFailure: (reason: string) => void): void {
  server.on('error', (error) => {
    onFailure(error.message);
    setTimeout(() => server.listen(port, address), healthRetryMs).unref();
  });
  server.listen(port, address);
}

/** Go's name of a cipher suite → OpenSSL's. */
export function opensslCipher(name: string): string {
  if (/^TLS_(AES|CHACHA20)_/.test(name)) return name;
  return name
    .replace(/^TLS_/, '')
    .replace('_WITH_', '-')
    .replace(/_SHA256$|_SHA384$|_SHA$/, (hash) => hash.replace('_', '-'))
    .replace(/AES_(\d+)_/, 'AES$1-')
    .replace(/CHACHA20_POLY1305.*/, 'CHACHA20-POLY1305')
    .replaceAll('_', '-')
    .replace(/^RSA-/, '');
}
