import { fnv1a32 } from '../fnv.ts';

/** Go's encoding/json escapes these inside strings; JSON.stringify does not. */
const goEscapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

const goJson = (text: string): string => JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (c) => goEscapes[c] ?? c);

/**
 * The container's hash as upstream's kubelet computes it: over name and image only, in the words of Go's `%#v` of the
 * JSON bytes. The same value, so that either kubelet takes over the other's running containers without a restart.
 */
export function hashContainer(container: { readonly name: string; readonly image?: string | undefined }): string {
  const json = `{"image":${goJson(container.image ?? '')},"name":${goJson(container.name)}}`;
  return fnv1a32(`([]uint8)[${Array.from(Buffer.from(json)).join(' ')}]`).toString(16);
}
