import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { sha256Of } from './checksum.ts';
import { downloadText } from './download.ts';
import { checksumMalformed, checksumWrong, manifestUnreadable } from './errors.ts';
import { loadPublished } from './published.ts';

/** The release of Calico that `klab cni apply calico` installs. */
export const calicoVersion = 'v3.33.1';

/** As Calico's own documentation names it. */
const calicoUrl = `https://raw.githubusercontent.com/projectcalico/calico/${calicoVersion}/manifests/calico.yaml`;

/** Which manifest is asked for. */
export type ManifestRequest =
  | { readonly kind: 'calico' }
  /** A path, a URL, or `-` for standard input. */
  | { readonly kind: 'given'; readonly source: string };

export interface SourceOptions {
  /** 64 hexadecimal digits that the manifest's bytes must have; undefined: not given. */
  readonly sha256: string | undefined;
  /** klab's own folder for what was downloaded. */
  readonly cacheDir: string;
  /** `KLAB_CALICO_URL`: a copy of Calico's manifest, where its own place cannot be reached. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: () => Promise<string>;
  readonly signal: AbortSignal;
  /** Throws when the text is not what it should be: nothing is kept of what it refuses. */
  readonly check: (text: string, source: string) => void;
}

export interface LoadedManifest {
  readonly text: string;
  readonly source: string;
  /** To be told to the user: that a checksum was recorded. */
  readonly note?: string;
}

/**
 * A manifest's text. Throws CNI_MANIFEST_UNREADABLE, CNI_DOWNLOAD_FAILED, CNI_CHECKSUM_WRONG, USAGE, and what `check`
 * throws.
 */
export async function loadManifest(request: ManifestRequest, options: SourceOptions): Promise<LoadedManifest> {
  const sha256 = readChecksum(options.sha256);
  if (request.kind === 'calico') {
    const url = options.env.KLAB_CALICO_URL || calicoUrl;
    return loadPublished({ ...options, sha256, url, name: `calico-${calicoVersion}.yaml` });
  }
  const loaded = await loadGiven(request.source, options);
  verify(loaded, sha256);
  options.check(loaded.text, loaded.source);
  return loaded;
}

function readChecksum(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9a-f]{64}$/i.test(text)) throw checksumMalformed(text);
  return text.toLowerCase();
}

async function loadGiven(source: string, { cwd, stdin, signal }: SourceOptions): Promise<LoadedManifest> {
  if (isUrl(source))
    return { text: await downloadText(source, 'without network, name a file instead of the URL', signal), source };
  try {
    if (source === '-') return { text: await stdin(), source: 'standard input' };
    return { text: await readFile(resolve(cwd, source), 'utf8'), source };
  } catch (error) {
    throw manifestUnreadable(source === '-' ? 'on standard input' : source, error);
  }
}

export const isUrl = (source: string): boolean => /^https?:\/\//.test(source);

function verify({ text, source }: LoadedManifest, expected: string | undefined): void {
  const found = sha256Of(text);
  if (expected === undefined || found === expected) return;
  throw checksumWrong(source, expected, found, 'is it the right version, and was it changed since?');
}
