import type { ServerResponse } from 'node:http';
import type { StorySoFar } from '../story-so-far.ts';

/** A reader this far behind has stopped reading. */
const maxBehindBytes = 8 * 1024 * 1024;
/** Small enough to be shown at once, long enough to gather what comes together. */
const gatherMs = 50;

/**
 * Tells browsers the steps as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html):
 * `steps` with a list of steps, the serial of the last as the event's ID, so that a browser that comes back is told
 * what it missed; `nodes` with the nodes that are silent and why.
 */
export function stepFeed(story: StorySoFar) {
  /** Each browser, and the serial of the first step that it was not told. */
  const readers = new Map<ServerResponse, number>();
  let timer: NodeJS.Timeout | undefined;

  function tell(response: ServerResponse, from: number): void {
    const steps = story.steps().filter(({ serial }) => serial >= from);
    if (steps.length > 0) {
      send(
        response,
        'steps',
        steps.map(({ step }) => step),
        story.told() - 1,
      );
      readers.set(response, story.told());
    }
    send(
      response,
      'nodes',
      [...story.silent()].map(([node, because]) => ({ node, because })),
    );
    if (response.writableLength > maxBehindBytes) response.destroy();
  }

  return {
    /** Answers a request for the steps after `lastEventId`. */
    join(response: ServerResponse, lastEventId: string | undefined): void {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      readers.set(response, 0);
      response.once('close', () => readers.delete(response));
      tell(response, /^\d+$/.test(lastEventId ?? '') ? Number(lastEventId) + 1 : 0);
    },
    /** Something was heard. */
    changed(): void {
      timer ??= setTimeout(() => {
        timer = undefined;
        for (const [response, from] of readers) tell(response, from);
      }, gatherMs);
    },
    /** The watch is over; browsers are told why. */
    end(why: string): void {
      clearTimeout(timer);
      for (const response of readers.keys()) {
        send(response, 'ended', why);
        response.end();
      }
    },
  };
}

function send(response: ServerResponse, event: string, data: unknown, id?: number): void {
  response.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
