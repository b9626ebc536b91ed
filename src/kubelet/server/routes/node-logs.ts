import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Route, sendText } from '../router.ts';

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** /logs/: the node's own log files, read only. Nothing outside the folder is shown, whatever links point at. */
export const nodeLogsRoute = (folder: string, enabled: boolean): Route => ({
  path: '/logs/*',
  debug: true,
  async handle({ response, params }) {
    if (!enabled) return sendText(response, 405, 'logs endpoint is disabled.\n');
    const root = await realpath(folder);
    const path = await realpath(join(root, decodeURIComponent(params.rest ?? ''))).catch(() => undefined);
    if (path === undefined || (path !== root && !path.startsWith(`${root}${sep}`)))
      return sendText(response, 404, '404 page not found\n');
    const info = await stat(path);
    if (info.isDirectory()) {
      const entries = await readdir(path, { withFileTypes: true });
      const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
      const list = names
        .map((name) => `<a href="${encodeURIComponent(name).replace('%2F', '/')}">${escapeHtml(name)}</a>`)
        .join('\n');
      return sendText(response, 200, `<!doctype html>\n<pre>\n${list}\n</pre>\n`, 'text/html; charset=utf-8');
    }
    if (!info.isFile()) return sendText(response, 404, '404 page not found\n');
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    // A log may be written to, cut or moved away meanwhile: no more than it had, and no length is promised.
    await pipeline(createReadStream(path, info.size === 0 ? {} : { end: info.size - 1 }), response);
  },
});
