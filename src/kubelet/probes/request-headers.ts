export type Headers = Record<string, string | string[]>;

/** The header of this name, however it is written. */
export const keyOf = (headers: Headers, name: string): string | undefined =>
  Object.keys(headers).find((known) => known.toLowerCase() === name.toLowerCase());

/** An httpGet's own headers, above those that every request has; an empty Accept takes that one away. */
export function requestHeaders(
  authority: string,
  userAgent: string,
  own: readonly { readonly name: string; readonly value: string }[],
): Headers {
  const result: Headers = { Host: authority, 'User-Agent': userAgent, Accept: '*/*', Connection: 'close' };
  const replaced = new Set<string>();
  for (const { name, value } of own) {
    const key = keyOf(result, name) ?? name;
    const before = result[key];
    if (!replaced.has(key) || before === undefined) result[key] = value;
    else if (key !== 'Host') result[key] = [before, value].flat();
    replaced.add(key);
  }
  if (result.Accept === '') delete result.Accept;
  if (result.Host === '') result.Host = authority;
  return result;
}
