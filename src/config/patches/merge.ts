import { isJsonObject } from './json-value.ts';

/**
 * RFC 7386 (JSON Merge Patch): the patched document as a new value. Objects are merged member by member, null removes
 * a member, anything else (a list too) replaces what was there. The inputs are left as they are.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return structuredClone(patch);
  // A map keeps `__proto__` an ordinary name, which assigning to an object would not.
  const merged = new Map<string, unknown>(isJsonObject(target) ? Object.entries(structuredClone(target)) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}
