import { once } from 'node:events';
import { createReadStream, type Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Route, sendText } from '../router.ts';
import {
  BadNodeLogQuery,
  journalArguments,
  logFilesOf,
  type NodeLogQuery,
  parseNodeLogQuery,
  startJournalctl,
  validateNodeLogQuery,
} from './node-log-query.ts';

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const plainText = 'text/plain; charset=utf-8';

export interface NodeLogsOptions {
  readonly enabled: boolean;
  /** Whether services' logs may be asked for with `?query=`. */
  readonly queries: boolean;
}

/**
 * /logs/: the node's own log files, read only, and with `?query=` what its services logged. Nothing outside the folder
 * is shown, whatever links point at.
 */
export const nodeLogsRoute = (folder: string, { enabled, queries }: NodeLogsOptions): Route => ({
  path: '/logs/*',
  methods: ['GET'],
  debug: true,
  async handle({ response, params, url }) {
    if (!enabled) return sendText(response, 405, 'logs endpoint is disabled.\n');
    const path = decodeURIComponent(params.rest ?? '');
    try {
      const query = queries ? readQuery(url.searchParams, path) : undefined;
      if (query === undefined) return await sendPath(folder, path, response);
      if (query.files[0] !== undefined) return await sendPath(folder, query.files[0].replaceAll('\\', '/'), response);
      await sendServices(folder, query, response);
    } catch (error) {
      if (!(error instanceof BadNodeLogQuery)) throw error;
      sendText(response, error.status, `${error.message}\n`);
    }
  },
});

/** The query, if there is one that can be answered. Throws a BadNodeLogQuery. */
function readQuery(parameters: URLSearchParams, path: string): NodeLogQuery | undefined {
  const query = parseNodeLogQuery(parameters);
  if (query === undefined) return undefined;
  if (path !== '') throw new BadNodeLogQuery(406, ['path not allowed in query mode']);
  const problems = validateNodeLogQuery(query);
  if (problems.length > 0) throw new BadNodeLogQuery(406, problems);
  return query;
}

/** What lies at a path below the folder; undefined when nothing does. */
async function find(folder: string, path: string): Promise<{ path: string; info: Stats } | undefined> {
  const root = await realpath(folder);
  const real = await realpath(join(root, path)).catch(() => undefined);
  if (real === undefined || (real !== root && !real.startsWith(`${root}${sep}`))) return undefined;
  return { path: real, info: await stat(real) };
}

/** A log may be written to, cut or moved away meanwhile: no more than it had, and no length is promised. */
const readFrom = (path: string, { size }: Stats) => createReadStream(path, size === 0 ? {} : { end: size - 1 });

async function sendPath(folder: string, path: string, response: ServerResponse): Promise<void> {
  const found = await find(folder, path);
  if (found === undefined) return sendText(response, 404, '404 page not found\n');
  if (found.info.isDirectory()) {
    const entries = await readdir(found.path, { withFileTypes: true });
    const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
    const list = names
      .map((name) => `<a href="${encodeURIComponent(name).replace('%2F', '/')}">${escapeHtml(name)}</a>`)
      .join('\n');
    return sendText(response, 200, `<!doctype html>\n<pre>\n${list}\n</pre>\n`, 'text/html; charset=utf-8');
  }
  if (!found.info.isFile()) return sendText(response, 404, '404 page not found\n');
  response.writeHead(200, { 'content-type': plainText });
  await pipeline(readFrom(found.path, found.info), response);
}

/** Everything that a program prints; empty when it cannot be started. */
async function outputOf(args: readonly string[]): Promise<string> {
  const program = startJournalctl(args);
  const chunks: Buffer[] = [];
  program.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  await Promise.race([once(program, 'close'), once(program, 'error')]).catch(() => undefined);
  return Buffer.concat(chunks).toString();
}

async function sendJournal(query: NodeLogQuery, response: ServerResponse): Promise<void> {
  const program = startJournalctl(journalArguments(query));
  response.once('close', () => program.kill());
  program.stdout?.pipe(response, { end: false });
  program.stderr?.pipe(response, { end: false });
  await Promise.race([once(program, 'close'), once(program, 'error')]).catch(() => undefined);
  if (program.pid === undefined) response.write('\nerror: journal output not available\n');
}

/** The first of a service's files that there is. */
async function sendServiceFile(folder: string, service: string, response: ServerResponse): Promise<void> {
  for (const path of logFilesOf(service)) {
    const found = await find(folder, path);
    if (!found?.info.isFile()) continue;
    await pipeline(readFrom(found.path, found.info), response, { end: false });
    return;
  }
  response.write(`\nlog not found for ${service}\n`);
}

/** What services logged: to the journal where they do, or else to files, for which there are no options. */
async function sendServices(folder: string, query: NodeLogQuery, response: ServerResponse): Promise<void> {
  const units = (await outputOf(['--field=_SYSTEMD_UNIT'])).split('\n');
  const inJournal = query.services.filter((service) => units.some((unit) => unit.includes(`${service}.service`)));
  const inFiles = query.services.filter((service) => !inJournal.includes(service));
  response.writeHead(200, { 'content-type': plainText });
  if (inJournal.length > 0) await sendJournal({ ...query, services: inJournal }, response);
  const { services, files, ...options } = query;
  const hasOptions = Object.values(options).some((option) => option !== undefined && option !== '');
  if (inFiles.length > 0 && hasOptions) {
    const names = `[${inFiles.join(' ')}]`;
    response.write(`\noptions present and query resolved to log files for ${names}\ntry without specifying options\n`);
  } else for (const service of inFiles) await sendServiceFile(folder, service, response);
  response.end();
}
