import { type LiveView, renderShown, type ShownRecord } from '../../../journal/live-view.ts';
import type { Route } from '../router.ts';

/** A reader this far behind has stopped reading: it is let go rather than remembered for. */
const maxBehindBytes = 4 * 1024 * 1024;

/**
 * /debug/klab/journal: what was seen, decided and done, and why; one JSON object a line. `?pod=namespace/name` shows
 * one pod's, `?follow=true` goes on with what comes.
 */
export const journalRoute = (view: LiveView): Route => ({
  path: '/debug/klab/journal',
  methods: ['GET'],
  debug: true,
  handle({ response, url }) {
    const pod = url.searchParams.get('pod') ?? undefined;
    const follow = url.searchParams.get('follow') === 'true';
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'x-content-type-options': 'nosniff' });
    const show = (shown: ShownRecord): void => {
      response.write(`${renderShown(shown)}\n`);
      if (response.writableLength > maxBehindBytes) response.destroy();
    };
    const past = view.recent(pod).map((shown) => `${renderShown(shown)}\n`);
    if (!follow) {
      response.end(past.join(''));
      return;
    }
    response.flushHeaders();
    if (past.length > 0) response.write(past.join(''));
    const stop = view.subscribe((shown) => {
      if (pod === undefined || shown.pods.includes(pod)) show(shown);
    });
    response.once('close', stop);
  },
});
