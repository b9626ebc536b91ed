const offsetBasis = 0x6c62272e07bb014262b821756295c58dn;
const prime = 0x0000000001000000000000000000013bn;
const mask = (1n << 128n) - 1n;

/** FNV-1a, 128 bits, as lower-case hex. http://www.isthe.com/chongo/tech/comp/fnv/ */
export function fnv128a(text: string): string {
  let hash = offsetBasis;
  for (const byte of Buffer.from(text, 'utf8')) hash = ((hash ^ BigInt(byte)) * prime) & mask;
  return hash.toString(16).padStart(32, '0');
}

/** JSON with sorted keys: the same object gives the same text however it was written. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, v]) => `${JSON.stringify(key)}:${canonical(v)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
}

/**
 * The UID of a static pod whose manifest names none: the same over restarts, another whenever the manifest, the node
 * or the place it was read from is another.
 */
export const staticUid = (manifest: unknown, nodeName: string, origin: string): string =>
  fnv128a(`${canonical(manifest)}host:${nodeName}${origin}`);
