import { type CalicoManifest, findCalico, requireCalico } from './calico/recognise.ts';
import { noWorkload } from './errors.ts';
import { type CniManifest, readManifest } from './manifest.ts';
import { loadManifest, type SourceOptions } from './source.ts';

/** What is asked for. */
export type CniRequest =
  | { readonly kind: 'default' }
  /** `manifest`: a path, a URL or `-` instead of the release that klab downloads. */
  | { readonly kind: 'calico'; readonly manifest: string | undefined }
  | { readonly kind: 'manifest'; readonly source: string };

/** A network whose manifest was read and recognised, not yet fitted to a cluster. */
export type WantedNetwork =
  | { readonly kind: 'default' }
  | { readonly kind: 'calico'; readonly calico: CalicoManifest; readonly note?: string }
  /** Another's: applied as it is. `name` is that of its DaemonSet. */
  | { readonly kind: 'other'; readonly name: string; readonly manifest: CniManifest };

/** What is installed, in one word: `default`, `calico`, or the name of another's DaemonSet. */
export const networkName = (wanted: WantedNetwork): string => (wanted.kind === 'other' ? wanted.name : wanted.kind);

/** Reads what is asked for, whatever it takes to get it. Throws what loadManifest throws, NOT_CALICO and NOT_A_CNI. */
export async function readWanted(request: CniRequest, options: Omit<SourceOptions, 'check'>): Promise<WantedNetwork> {
  switch (request.kind) {
    case 'default':
      return { kind: 'default' };
    case 'calico': {
      const from = request.manifest === undefined ? ({ kind: 'calico' } as const) : given(request.manifest);
      const check = (text: string, source: string) => void requireCalico(readManifest(text, source));
      const { text, source, note } = await loadManifest(from, { ...options, check });
      const calico = requireCalico(readManifest(text, source));
      return { kind: 'calico', calico, ...(note === undefined ? {} : { note }) };
    }
    case 'manifest': {
      const { text, source } = await loadManifest(given(request.source), { ...options, check: () => undefined });
      return recognise(readManifest(text, source));
    }
  }
}

const given = (source: string) => ({ kind: 'given', source }) as const;

function recognise(manifest: CniManifest): WantedNetwork {
  const calico = findCalico(manifest);
  if (calico !== undefined) return { kind: 'calico', calico };
  const daemon = manifest.parts.find(({ object }) => object.kind === 'DaemonSet');
  if (daemon === undefined) throw noWorkload(manifest.source);
  return { kind: 'other', name: daemon.object.metadata.name, manifest };
}
