import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';

/** Unpacks the plain files of a tar into a folder; links, devices and paths that lead out of it are left out. */
export async function unpackInto(tar: Readable, folder: string): Promise<void> {
  const entries = extract();
  const done = pipeline(tar, entries);
  for await (const entry of entries) {
    const path = normalize(entry.header.name);
    if (entry.header.type === 'file' && !path.startsWith('..')) {
      const target = join(folder, path);
      await mkdir(dirname(target), { recursive: true });
      await pipeline(entry, createWriteStream(target, { mode: entry.header.mode ?? 0o644 }));
    } else {
      entry.resume();
    }
  }
  await done;
}
