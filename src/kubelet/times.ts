import type { Instant } from '../base/clock.ts';

/** Time as API objects have it: RFC 3339 in whole seconds. */
export const toApiTime = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** An API object's time; undefined when there is none or it cannot be read. */
export function fromApiTime(text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
