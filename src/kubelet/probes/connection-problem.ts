import { isUtf8 } from 'node:buffer';
import { isIPv6 } from 'node:net';
import { codeOf, messageOf } from '../../base/errors.ts';
import { quoteLikeGo } from '../go-quote.ts';

/** Host and port as they are dialled. */
export const dialAddress = (host: string, port: number): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`;

/** Somebody was asked over TLS who speaks none. */
export const plainHttpAnswer = 'http: server gave HTTP response to HTTPS client';

const dialReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
};

/** What a name stood for; of several addresses the first. */
function addressTried(error: unknown): string | undefined {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const address = first instanceof Error && 'address' in first ? first.address : undefined;
  return typeof address === 'string' ? address : undefined;
}

/** Why a connection did not come to be, or broke off, in the words people know from upstream's events. */
export function connectionProblem(error: unknown, host: string, port: number): string {
  const code = String(codeOf(error) ?? '');
  const address = dialAddress(host, port);
  const dialReason = dialReasons[code];
  if (dialReason !== undefined)
    return `dial tcp ${dialAddress(addressTried(error) ?? host, port)}: connect: ${dialReason}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${host}: no such host`;
  // Node gives the code of a reset to a server that hangs up in peace as well; only a reset comes from a read.
  if (code === 'ECONNRESET')
    return messageOf(error) === 'read ECONNRESET' ? `read tcp ${address}: read: connection reset by peer` : 'EOF';
  if (/SSL routines:.*(wrong version number|packet length too long)/.test(messageOf(error))) return plainHttpAnswer;
  if (code.startsWith('HPE_') && error instanceof Error && 'rawPacket' in error)
    return `net/http: HTTP/1.x transport connection broken: ${malformed(error.rawPacket as Buffer)}`;
  return messageOf(error);
}

/** What is wrong with an answer that does not begin as one of HTTP/1. */
function malformed(answer: Buffer): string {
  const end = answer.indexOf('\n');
  const line = answer.subarray(0, end < 0 ? answer.length : end);
  const status = /^[^ ]+ +([^ ]*)/.exec(line.toString('latin1'))?.[1];
  if (status !== undefined && status.length !== 3) return `malformed HTTP status code ${quoteLikeGo(status)}`;
  return `malformed HTTP response ${quoteBytes(line.at(-1) === 13 ? line.subarray(0, -1) : line)}`;
}

const quoteBytes = (bytes: Buffer): string =>
  isUtf8(bytes)
    ? quoteLikeGo(bytes.toString())
    : `"${[...bytes].map((byte) => (byte < 0x80 ? quoteLikeGo(String.fromCharCode(byte)).slice(1, -1) : `\\x${byte.toString(16)}`)).join('')}"`;
