import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { Instant } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import { writeFileAtOnce } from '../checkpoint.ts';

/** When the last graceful shutdown began, and ended if it did. */
export interface ShutdownState {
  readonly startedAt: Instant | undefined;
  readonly endedAt: Instant | undefined;
}

/** How upstream's kubelet writes a time that there is not. */
const never = '0001-01-01T00:00:00Z';

const stateSchema = z.object({ startTime: z.string().default(never), endTime: z.string().default(never) });

const readTime = (text: string): Instant | undefined => {
  const at = Date.parse(text);
  return text === never || Number.isNaN(at) ? undefined : at;
};

const renderTime = (at: Instant | undefined): string => (at === undefined ? never : new Date(at).toISOString());

/** Reads the file's text. Throws when it is none of that kind. */
export function parseShutdownState(text: string): ShutdownState {
  const { startTime, endTime } = stateSchema.parse(JSON.parse(text));
  return { startedAt: readTime(startTime), endedAt: readTime(endTime) };
}

export const renderShutdownState = ({ startedAt, endedAt }: ShutdownState): string =>
  JSON.stringify({ startTime: renderTime(startedAt), endTime: renderTime(endedAt) });

export interface StateFile {
  /** Undefined: there is none yet. */
  load(): Promise<ShutdownState | undefined>;
  store(state: ShutdownState): Promise<void>;
}

export const stateFile = (path: string): StateFile => ({
  async load() {
    try {
      return parseShutdownState(await readFile(path, 'utf8'));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  },
  store: (state) => writeFileAtOnce(path, renderShutdownState(state)),
});
