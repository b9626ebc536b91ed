import { randomInt } from 'node:crypto';
import type { ApiObject } from '../../api/port.ts';
import { parseDurationMs } from '../kubeadm-config/durations.ts';
import type { InitConfiguration } from '../kubeadm-config/schema.ts';
import { object } from './objects.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A random bootstrap token, like `abcdef.0123456789abcdef`. */
export function newBootstrapToken(): string {
  const characters = (n: number) => Array.from({ length: n }, () => alphabet[randomInt(alphabet.length)]).join('');
  return `${characters(6)}.${characters(16)}`;
}

/** The Secrets that make the tokens known to the API server; a ttl counts from `now`, `0s` means for ever. */
export const renderTokenSecrets = (init: InitConfiguration, now: Date): readonly ApiObject[] =>
  init.bootstrapTokens.map((token) => {
    const [id = '', secret = ''] = token.token.split('.');
    const ttlMs = parseDurationMs(token.ttl);
    const expiration = token.expires ?? (ttlMs === 0 ? undefined : rfc3339(new Date(now.getTime() + ttlMs)));
    return object('v1', 'Secret', `bootstrap-token-${id}`, 'kube-system', {
      type: 'bootstrap.kubernetes.io/token',
      data: base64Values({
        'token-id': id,
        'token-secret': secret,
        ...(token.description === undefined ? {} : { description: token.description }),
        ...(expiration === undefined ? {} : { expiration }),
        ...Object.fromEntries(token.usages.map((usage) => [`usage-bootstrap-${usage}`, 'true'])),
        'auth-extra-groups': token.groups.join(','),
      }),
    });
  });

const base64Values = (data: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

const rfc3339 = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');
