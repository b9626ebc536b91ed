import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeApi } from '../../api/fake.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Pod, PodStatus } from '../../api/types.ts';
import { FakeClock, type Instant } from '../../base/clock.ts';
import { type Authority, signCertificate } from '../../base/x509/certificates.ts';
import { generateKey, privateKeyToPem } from '../../base/x509/keys.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { liveView } from '../../journal/live-view.ts';
import { anAuthority } from '../certificates/testing.ts';
import { computeConfiguration } from '../config/index.ts';
import type { ObservedPod } from '../observed.ts';
import type { PodCache, PodCatalog } from '../parts.ts';
import { nameOf, namespaceOf, uidOf } from '../pod-facts.ts';
import { journalRoute, type ServerOptions, startServers } from './index.ts';

/** For tests: the kubelet's server on a free port, with a signer, an API server that reviews, and what you give it. */

const validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2040-01-01') };

export interface ServerFakes {
  readonly pods?: readonly Pod[];
  readonly seen?: readonly ObservedPod[];
  readonly statuses?: Readonly<Record<string, PodStatus>>;
  readonly cri?: Partial<ServerOptions['cri']>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly now?: Instant;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

export async function clientCertificate(
  authority: Authority,
  commonName: string,
  organizations: readonly string[],
  usages: readonly ('client' | 'server')[] = ['client'],
): Promise<ClientCertificate> {
  const key = await generateKey('ECDSA-P256');
  const cert = await signCertificate({ subject: { commonName, organizations }, key, usages, ...validity }, authority);
  return { cert, key: privateKeyToPem(key) };
}

/** `admin` may everything, as who has the token `good`; `reader` may `get nodes/pods` only. */
export async function aServer(fakes: ServerFakes = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'klab-server-'));
  const authority = await anAuthority();
  writeFileSync(join(folder, 'ca.crt'), authority.certificatePem);
  const serving = await clientCertificate(authority, 'node', [], ['server']);
  const admin = await clientCertificate(authority, 'admin', ['system:masters']);
  const clock = new FakeClock(fakes.now ?? Date.UTC(2026, 0, 1));
  const journal = memoryJournal();
  const view = liveView({ perPod: 10, pods: 10 });
  const reviews: { readonly path: string; readonly spec: Record<string, unknown> }[] = [];
  let broken = false;

  const review = (path: string, spec: Record<string, unknown>): unknown => {
    if (path.endsWith('tokenreviews')) {
      const good = spec.token === 'good';
      return { authenticated: good, ...(good ? { user: { username: 'robot', uid: '7', groups: ['robots'] } } : {}) };
    }
    const { subresource } = spec.resourceAttributes as { subresource: string };
    return { allowed: ['admin', 'robot'].includes(String(spec.user)) || subresource === 'pods' };
  };
  const api: KubeApi = {
    ...fakeApi(),
    async create<T>(path: string, body: unknown) {
      if (broken) throw new Error('the API server is away');
      const { spec } = body as { spec: Record<string, unknown> };
      reviews.push({ path: path.split('/').at(-1) ?? '', spec });
      return { status: review(path, spec) } as T;
    },
  };
  const pods = fakes.pods ?? [];
  const seen = fakes.seen ?? [];
  const catalog: PodCatalog = {
    pods: () => pods,
    byUid: (uid) => pods.find((pod) => uidOf(pod) === uid),
    byFullName: (namespace, name) => pods.find((pod) => nameOf(pod) === name && namespaceOf(pod) === namespace),
    mirrorOf: () => undefined,
    translateUid: (uid) => (uid === 'mirror-uid' ? 'uid-1' : uid),
  };
  const cache: PodCache = {
    get: (uid) => seen.find((pod) => pod.uid === uid),
    all: () => seen,
    getNewerThan: () => Promise.reject(new Error('not asked for in these tests')),
    requestRelist: () => undefined,
  };
  const missing = (): never => {
    throw new Error('not asked for in this test');
  };
  const config = computeConfiguration(
    {
      authentication: { x509: { clientCAFile: join(folder, 'ca.crt') } },
      podLogsDir: folder,
      ...fakes.config,
    },
    new Map(),
  );
  const servers = await startServers({
    config: { ...config, port: 0, address: '127.0.0.1', healthzPort: 0 },
    nodeName: 'n1',
    api,
    certificate: { current: () => serving, version: () => '1', run: async () => undefined },
    clock,
    journal,
    cri: {
      exec: missing,
      attach: missing,
      portForward: missing,
      execSync: missing,
      checkpointContainer: missing,
      ...fakes.cri,
    },
    rootDir: folder,
    version: '1.37.2',
    startedAt: clock.now() - 3_725_000,
    flags: [['max-pods', '7']],
    catalog,
    cache,
    statusOf: (uid) => fakes.statuses?.[uid],
    texts: { '/metrics': async () => ({ text: 'a 1\n', contentType: 'text/plain' }) },
    syncLoopProblem: () => (broken ? 'stuck' : undefined),
    setVerbosity: (level) => void journal.write({ kind: 'node.flagWarning', text: `-v=${level}` }),
    extraRoutes: [journalRoute(view)],
  });
  const listening = journal.records.find((record) => record.kind === 'server.listening');
  const port = listening?.kind === 'server.listening' ? listening.port : 0;

  /** Without a certificate or a token of its own the request is the admin's. */
  const optionsOf = (path: string, options: RequestOptions): RequestOptions => ({
    host: '127.0.0.1',
    port,
    path,
    agent: false,
    rejectUnauthorized: false,
    ...admin,
    ...options,
  });

  return {
    folder,
    port,
    authority,
    clock,
    journal,
    view,
    reviews,
    breakApi: () => {
      broken = true;
    },
    open: (path: string, options: RequestOptions = {}) => request(optionsOf(path, options)),
    ask: (path: string, options: RequestOptions = {}, body = ''): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const sent = request(optionsOf(path, options), async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(chunk as Buffer);
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers });
        });
        sent.on('error', reject);
        sent.end(body);
      }),
    close() {
      servers.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export type TestServer = Awaited<ReturnType<typeof aServer>>;

/** What a request without a certificate is made with. */
export const nobody: RequestOptions = { cert: undefined, key: undefined };
