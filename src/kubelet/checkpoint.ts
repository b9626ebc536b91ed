import { rename, rm, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { fnv1a32 } from './fnv.ts';

/**
 * The frame of upstream's checkpoint files: the state as JSON text, and a checksum over that text. In the same words,
 * so that either kubelet reads what the other has left.
 */
const frameSchema = z.object({ data: z.string(), checksum: z.number() });

/** Upstream's checksum of a text: FNV-1a over the text with its type before it. */
export const checksumOf = (text: string): number => fnv1a32(`(string)${text}`);

export const renderCheckpoint = (data: string): string => JSON.stringify({ data, checksum: checksumOf(data) });

/** The state's text. Throws when it is no checkpoint, or when its checksum is another's. */
export function parseCheckpoint(text: string): string {
  const { data, checksum } = frameSchema.parse(JSON.parse(text));
  if (checksumOf(data) !== checksum) throw new Error('checkpoint is corrupted');
  return data;
}

/** Replaces the file's content in one step: a crash leaves the old or the new one, never half of it. */
export async function writeFileAtOnce(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
