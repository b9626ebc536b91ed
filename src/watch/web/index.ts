import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { WatchOpening } from '../open.ts';
import { storySoFar } from '../story-so-far.ts';
import { admit, newToken } from './access.ts';
import { stepFeed } from './feed.ts';

export interface WebOptions {
  /** Also what happens every second. */
  readonly all: boolean;
  /** Aborted: the server ends. */
  readonly signal: AbortSignal;
  /** Told the page's address, once it can be opened. */
  readonly onReady: (url: string) => void;
  /** 0: any free one. */
  readonly port?: number;
}

interface Page {
  readonly type: string;
  readonly body: string;
}

/** Nothing from elsewhere, nothing inline, and nobody's frame. */
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/**
 * Serves a watch as a page on 127.0.0.1, to whoever opens the address that `onReady` is told (it holds a token), until
 * the signal aborts or the watch fails (then it throws what failed).
 */
export async function serveWatch({ server: api, nodes, pod, heard }: WatchOpening, options: WebOptions): Promise<void> {
  const { all, signal, onReady, port = 0 } = options;
  const pages = await loadPages({ api, nodes, pod });
  const story = storySoFar(all);
  const feed = stepFeed(story);
  const token = newToken();
  const server = createServer((request, response) => answer(request, response));

  function answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    // An address that is none is looked for as a page that is not there.
    const url = URL.parse(request.url ?? '/', 'http://127.0.0.1') ?? new URL('http://127.0.0.1/none');
    const access = { token, port: (server.address() as AddressInfo).port };
    const admission = admit({ method: request.method ?? '', url, headers: request.headers }, access);
    if (admission.kind === 'refuse') {
      plain(response, admission.status, admission.why);
    } else if (admission.kind === 'welcome') {
      response.writeHead(303, { location: '/', 'set-cookie': admission.cookie }).end();
    } else if (url.pathname === '/events') {
      feed.join(response, request.headers['last-event-id']?.toString());
    } else {
      const page = pages.get(url.pathname);
      if (page === undefined) plain(response, 404, 'no such page');
      else response.writeHead(200, { 'content-type': page.type }).end(page.body);
    }
  }

  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(port, '127.0.0.1', listening.resolve);
  await listening.promise;
  const bound = (server.address() as AddressInfo).port;
  onReady(`http://127.0.0.1:${bound}/?token=${token}`);
  let why = 'klab watch has ended';
  try {
    for await (const each of heard) {
      story.hear(each);
      feed.changed();
    }
    signal.throwIfAborted();
  } catch (error) {
    why = messageOf(error);
    throw error;
  } finally {
    feed.end(why);
    server.close();
    server.closeAllConnections();
  }
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

/** The page, its style and its program, which is bundled when it is served: there is no built copy to forget. */
async function loadPages(about: Readonly<Record<string, unknown>>): Promise<ReadonlyMap<string, Page>> {
  const { build } = await import('esbuild');
  const source = (name: string) => new URL(`page/${name}`, import.meta.url);
  const [html, css, program] = await Promise.all([
    readFile(source('page.html'), 'utf8'),
    readFile(source('page.css'), 'utf8'),
    build({
      entryPoints: [source('main.ts').pathname],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      logLevel: 'silent',
    }),
  ]);
  return new Map([
    ['/', { type: 'text/html; charset=utf-8', body: html }],
    ['/page.css', { type: 'text/css; charset=utf-8', body: css }],
    ['/page.js', { type: 'text/javascript; charset=utf-8', body: program.outputFiles[0]?.text ?? '' }],
    ['/about', { type: 'application/json', body: JSON.stringify(about) }],
  ]);
}
