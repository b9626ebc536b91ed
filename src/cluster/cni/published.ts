import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { sha256Of } from './checksum.ts';
import { downloadText } from './download.ts';
import { checksumWrong } from './errors.ts';
import type { LoadedManifest, SourceOptions } from './source.ts';

export interface PublishedOptions extends SourceOptions {
  readonly url: string;
  /** The file's name in the cache, with its version. */
  readonly name: string;
}

/**
 * A released manifest, downloaded once. Its publisher names no checksum, so that of the first download is recorded
 * beside it, as a lock file has it, and whatever has another is refused from then on. Throws CNI_DOWNLOAD_FAILED,
 * CNI_CHECKSUM_WRONG and what `check` throws, and then keeps nothing.
 */
export async function loadPublished(options: PublishedOptions): Promise<LoadedManifest> {
  const { cacheDir, name, url, check, signal } = options;
  const folder = join(cacheDir, 'cni');
  const [file, lock] = [join(folder, name), join(folder, `${name}.sha256`)];
  const recorded = (await readIfThere(lock))?.split(' ')[0];
  const expected = options.sha256 ?? recorded;
  const cached = await readIfThere(file);
  if (cached !== undefined && expected !== undefined) {
    verify(file, cached, expected, lock);
    check(cached, file);
    return { text: cached, source: file };
  }
  const hint = 'without network, download it elsewhere and name the file: `klab cni apply calico --manifest FILE`';
  const text = await downloadText(url, hint, signal);
  if (expected !== undefined) verify(url, text, expected, lock);
  check(text, url);
  const sha256 = sha256Of(text);
  await mkdir(folder, { recursive: true });
  await writeWhole(file, text);
  await writeWhole(lock, `${sha256}  ${name}\n`);
  if (expected !== undefined) return { text, source: url };
  return { text, source: url, note: `Recorded the sha256 of ${url} in ${lock}: ${sha256}` };
}

function verify(source: string, text: string, expected: string, lock: string): void {
  const found = sha256Of(text);
  if (found === expected) return;
  const remedy = `what was recorded is in ${lock}; if the change is meant, remove it and its .yaml`;
  throw checksumWrong(source, expected, found, remedy);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Never half a file, whoever reads it meanwhile. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
