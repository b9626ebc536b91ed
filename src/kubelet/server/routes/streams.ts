import { type IncomingHttpHeaders, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Pod } from '../../../api/types.ts';
import { messageOf } from '../../../base/errors.ts';
import { CriError, type CriRuntime } from '../../../cri/port.ts';
import type { PodCache, PodCatalog } from '../../parts.ts';
import { findContainer, nameOf, namespaceOf, uidOf } from '../../pod-facts.ts';
import { matchPath, type Route, sendText } from '../router.ts';
import { proxyUpgrade, refuseUpgrade } from '../upgrade.ts';

export interface StreamOptions {
  readonly cri: Pick<CriRuntime, 'exec' | 'attach' | 'portForward' | 'execSync'>;
  readonly catalog: PodCatalog;
  readonly cache: PodCache;
}

/** A request that is answered with an error: status and text. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface Wanted {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Which streams a query asks for. Throws a Refusal when it asks for none. */
export function parseStreams(query: URLSearchParams): Wanted {
  const asks = (name: string) => query.get(name) === '1';
  const tty = asks('tty');
  const wanted = { stdin: asks('input'), stdout: asks('output'), stderr: asks('error') && !tty, tty };
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr) {
    throw new Refusal(400, 'you must specify at least 1 of stdin, stdout, stderr');
  }
  return wanted;
}

/** Ports of a WebSocket port-forward's query, of which there must be one; SPDY's ports come later, on the streams. */
function parsePorts(query: URLSearchParams): readonly number[] {
  const texts = query.getAll('port');
  if (texts.length === 0) throw new Refusal(400, 'query parameter "port" is required');
  return texts.flatMap((text) =>
    text.split(',').map((port) => {
      if (port === '') throw new Refusal(400, 'query parameter "port" cannot be empty');
      const where = `unable to parse ${JSON.stringify(port)} as a port`;
      if (!/^\d+$/.test(port))
        throw new Refusal(400, `${where}: strconv.ParseUint: parsing ${JSON.stringify(port)}: invalid syntax`);
      if (Number(port) > 65_535)
        throw new Refusal(400, `${where}: strconv.ParseUint: parsing ${JSON.stringify(port)}: value out of range`);
      if (Number(port) === 0) throw new Refusal(400, 'port "0" must be > 0');
      return Number(port);
    }),
  );
}

const tunnel = 'SPDY/3.1+portforward.k8s.io';

/** Whether the ports must be in the query: of WebSockets, only one that carries SPDY brings them later. */
export function portsInQuery({ upgrade, 'sec-websocket-protocol': protocols }: IncomingHttpHeaders): boolean {
  if (upgrade?.toLowerCase() !== 'websocket') return false;
  return !(protocols ?? '').split(',').some((protocol) => protocol.trim() === tunnel);
}

const patterns = [
  ['exec', '/exec/{namespace}/{pod}/{container}'],
  ['exec', '/exec/{namespace}/{pod}/{uid}/{container}'],
  ['attach', '/attach/{namespace}/{pod}/{container}'],
  ['attach', '/attach/{namespace}/{pod}/{uid}/{container}'],
  ['portForward', '/portForward/{namespace}/{pod}'],
  ['portForward', '/portForward/{namespace}/{pod}/{uid}'],
] as const;

/** exec, attach and port-forward: the runtime says where, and the connection is handed on. */
export function streamHandlers({ cri, catalog, cache }: StreamOptions) {
  function findPod(params: Readonly<Record<string, string>>): Pod {
    const pod = catalog.byFullName(params.namespace ?? '', params.pod ?? '');
    if (pod === undefined) throw new Refusal(404, 'pod does not exist');
    const { uid } = params;
    if (uid !== undefined && catalog.translateUid(uid) !== uidOf(pod) && uid !== uidOf(pod))
      throw new Refusal(404, 'pod not found');
    return pod;
  }
  const uidFor = (pod: Pod): string => catalog.translateUid(uidOf(pod));

  /** The container's instance that runs: nothing can be done in any other. */
  function containerId(pod: Pod, name: string, missing: string): string {
    const found = cache.get(uidFor(pod))?.containers.find((one) => one.name === name && one.state === 'running');
    if (found === undefined) throw new Refusal(500, missing);
    return found.id;
  }

  async function target(
    kind: (typeof patterns)[number][0],
    params: Readonly<Record<string, string>>,
    query: URLSearchParams,
    headers: IncomingHttpHeaders,
  ): Promise<string> {
    // What is asked for is looked at before whether it is there.
    const streams = kind === 'portForward' ? undefined : parseStreams(query);
    const ports = kind === 'portForward' && portsInQuery(headers) ? parsePorts(query) : [];
    const pod = findPod(params);
    const name = params.container ?? '';
    if (kind === 'exec' && streams !== undefined) {
      const id = containerId(pod, name, `container not found (${JSON.stringify(name)})`);
      return cri.exec({ containerId: id, command: query.getAll('command'), ...streams });
    }
    if (kind === 'attach' && streams !== undefined) {
      const id = containerId(pod, name, `container ${name} not found in pod ${nameOf(pod)}_${namespaceOf(pod)}`);
      // The container knows whether it has a terminal; the caller may be wrong.
      const tty = findContainer(pod, name)?.container.tty === true;
      return cri.attach({ containerId: id, ...streams, tty, stderr: streams.stderr && !tty });
    }
    const seen = cache.get(uidFor(pod));
    const [sandbox] = seen?.sandboxes ?? [];
    const runs = sandbox?.ready === true || seen?.containers.some(({ state }) => state === 'running');
    if (sandbox === undefined || !runs)
      throw new Refusal(500, `pod not found (${JSON.stringify(`${nameOf(pod)}_${namespaceOf(pod)}`)})`);
    return cri.portForward(sandbox.id, ports);
  }

  const refusalOf = (error: unknown): Refusal => {
    if (error instanceof Refusal) return error;
    if (error instanceof CriError && error.code === 'notFound') return new Refusal(404, error.message);
    if (error instanceof CriError && error.code === 'resourceExhausted') return new Refusal(429, error.message);
    return new Refusal(500, messageOf(error));
  };

  return {
    /** Whether the path is one of these streams. */
    isStream: (path: string): boolean => patterns.some(([, pattern]) => matchPath(pattern, path) !== undefined),
    async upgrade(request: IncomingMessage, client: Duplex, head: Buffer, url: URL): Promise<void> {
      try {
        for (const [kind, pattern] of patterns) {
          const params = matchPath(pattern, url.pathname);
          if (params === undefined) continue;
          await proxyUpgrade(
            request,
            client,
            head,
            new URL(await target(kind, params, url.searchParams, request.headers)),
          );
          return;
        }
        throw new Refusal(404, '404 page not found');
      } catch (error) {
        const { status, message } = refusalOf(error);
        if (!client.destroyed) refuseUpgrade(client, status, STATUS_CODES[status] ?? 'Error', message);
      }
    },
    routes: [
      ...patterns.map(
        ([kind, path]): Route => ({
          path,
          debug: true,
          methods: ['GET', 'POST'],
          async handle({ request, response, params, url }) {
            try {
              await target(kind, params, url.searchParams, request.headers);
              throw new Refusal(500, 'Upgrade request required\n');
            } catch (error) {
              const { status, message } = refusalOf(error);
              sendText(response, status, message);
            }
          },
        }),
      ),
      ...['/run/{namespace}/{pod}/{container}', '/run/{namespace}/{pod}/{uid}/{container}'].map(
        (path): Route => ({
          path,
          debug: true,
          methods: ['POST'],
          async handle({ response, params, url }) {
            try {
              const pod = findPod(params);
              const name = params.container ?? '';
              const command = (url.searchParams.get('cmd') ?? '').split(' ');
              const id = containerId(pod, name, `container not found (${JSON.stringify(name)})`);
              const { stdout, stderr, exitCode } = await cri.execSync(id, command, 0);
              if (exitCode !== 0) {
                const printed = Buffer.concat([stdout, stderr]).toString();
                throw new Refusal(500, `command '${command.join(' ')}' exited with ${exitCode}: ${printed}`);
              }
              response.writeHead(200, { 'content-type': 'application/json' });
              response.end(Buffer.concat([stdout, stderr]));
            } catch (error) {
              const { status, message } = refusalOf(error);
              sendText(response, status, message);
            }
          },
        }),
      ),
    ] as readonly Route[],
  };
}
