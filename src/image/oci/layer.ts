import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack as newPack, type Pack } from 'tar-stream';

/** One entry of an image layer. Paths are relative to the image's root; parents come before their children. */
export type LayerEntry =
  | { readonly kind: 'folder'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'text'; readonly path: string; readonly text: string; readonly mode: number }
  /** A file of this machine. */
  | { readonly kind: 'file'; readonly path: string; readonly source: string; readonly mode: number };

/** A layer's tar on disk, by its content. */
export interface LayerFile {
  readonly file: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * Writes entries as a tar whose bytes depend on nothing but the entries: no times, no owners. The same programs make
 * the same layer anywhere.
 */
export async function writeLayer(entries: readonly LayerEntry[], file: string): Promise<LayerFile> {
  const hash = createHash('sha256');
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  const temporary = `${file}.tmp`;
  await pipeline(streamEntries(entries), measure, createWriteStream(temporary));
  await rename(temporary, file);
  return { file, digest: `sha256:${hash.digest('hex')}`, size };
}

/** Entries as a tar, made while it is read. Errors come out of the stream. */
export function streamEntries(entries: readonly LayerEntry[]): Readable {
  const pack = newPack();
  addEntries(pack, entries).catch((error: unknown) =>
    pack.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return Readable.from(pack, { objectMode: false });
}

async function addEntries(pack: Pack, entries: readonly LayerEntry[]): Promise<void> {
  for (const entry of entries) await addEntry(pack, entry);
  pack.finalize();
}

/** The files of a folder on this machine, as entries below `prefix` in a stable order. */
export async function folderTree(folder: string, prefix: string): Promise<readonly LayerEntry[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile()).map((name) => join(name.parentPath, name.name));
  return Promise.all(
    files.sort().map(
      async (source): Promise<LayerEntry> => ({
        kind: 'file',
        path: join(prefix, source.slice(folder.length + 1)),
        source,
        // What git keeps of a file's permissions.
        mode: (await stat(source)).mode & 0o100 ? 0o755 : 0o644,
      }),
    ),
  );
}

const noTime = { mtime: new Date(0), uid: 0, gid: 0 };

async function addEntry(pack: Pack, entry: LayerEntry): Promise<void> {
  switch (entry.kind) {
    case 'folder':
      pack.entry({ ...noTime, name: entry.path, type: 'directory', mode: entry.mode ?? 0o755 });
      return;
    case 'link':
      pack.entry({ ...noTime, name: entry.path, type: 'symlink', linkname: entry.target, mode: 0o777 });
      return;
    case 'text':
      pack.entry({ ...noTime, name: entry.path, mode: entry.mode }, entry.text);
      return;
    case 'file': {
      const { size } = await stat(entry.source);
      await pipeline(
        createReadStream(entry.source),
        pack.entry({ ...noTime, name: entry.path, mode: entry.mode, size }),
      );
      return;
    }
  }
}
