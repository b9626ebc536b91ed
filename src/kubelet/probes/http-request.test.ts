import type { RequestListener } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { selfSignAuthority } from '../../base/x509/certificates.ts';
import { generateKey, privateKeyToPem } from '../../base/x509/keys.ts';
import { probeHttp } from './http.ts';

let server: Server | undefined;
afterEach(() => server?.close());

async function aCertificate() {
  const key = await generateKey('ECDSA-P256');
  const now = Date.now();
  const validity = { notBefore: new Date(now - 1000), notAfter: new Date(now + 3_600_000) };
  return { key: privateKeyToPem(key), cert: await selfSignAuthority({ commonName: 'web', key, ...validity }) };
}

type Certificate = Awaited<ReturnType<typeof aCertificate>>;

test.each<[string, string, (own: Certificate, listener: RequestListener) => Server]>([
  ['HTTP/2', '2.0', (own, listener) => createSecureServer(own, listener as never)],
  ['HTTP/1', '1.1', createServer],
])('over TLS a server is asked in what it speaks: %s', async (_name, httpVersion, create) => {
  const asked: unknown[] = [];
  const started = create(await aCertificate(), (request, response) => {
    const { url, headers } = request;
    const host = headers.host ?? headers[':authority'];
    asked.push({ url, httpVersion: request.httpVersion, agent: headers['user-agent'], host });
    response.writeHead(url === '/healthz' ? 302 : 200, url === '/healthz' ? { location: '/ok' } : {}).end('fine');
  });
  server = started;
  const names: unknown[] = [];
  started.on('secureConnection', (socket: TLSSocket) => names.push((socket as { servername?: unknown }).servername));
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const { port } = started.address() as AddressInfo;
  const headers = [{ name: 'Host', value: 'example.test' }];
  const probe = { scheme: 'https', host: '127.0.0.1', port, path: '/healthz', headers, timeoutMs: 2000 } as const;
  expect(await probeHttp({ ...probe, userAgent: 'kube-probe/1.37' })).toEqual({ kind: 'success' });
  const how = { httpVersion, agent: 'kube-probe/1.37', host: 'example.test' };
  expect(asked).toEqual([
    { url: '/healthz', ...how },
    { url: '/ok', ...how },
  ]);
  // An address is no name, and the Host header is not what the connection is for.
  expect(names).toEqual([false, false]);
});
