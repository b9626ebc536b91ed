import type { KubeApi } from '../../api/port.ts';
import type { Pod } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';

interface Token {
  readonly token: string;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  /** A little earlier for each token, so that not all are renewed at once. */
  readonly jitterMs: number;
}

interface TokenRequest {
  readonly status: { readonly token: string; readonly expirationTimestamp: string };
}

const dayMs = 86_400_000;
const maxJitterMs = 10_000;

/** A token is renewed at 80 % of its life, and at the latest after a day. */
export const tokenIsDue = ({ issuedAt, expiresAt, jitterMs }: Token, now: Instant): boolean =>
  now >= issuedAt + Math.min((expiresAt - issuedAt) * 0.8, dayMs) - jitterMs;

export type GetToken = (pod: Pod, audiences: readonly string[], expirationSeconds: number) => Promise<string>;

/** Service account tokens bound to pods. https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/ */
export function tokenManager(
  api: KubeApi,
  clock: Clock,
  random: () => number = Math.random,
): GetToken & { forget(podUid: string): void } {
  const tokens = new Map<string, Token>();
  /** Requests under way, shared by volumes that want the same token. */
  const pending = new Map<string, Promise<string>>();

  async function request(pod: Pod, audiences: readonly string[], expirationSeconds: number): Promise<Token> {
    const { namespace, name, uid } = pod.metadata ?? {};
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${pod.spec?.serviceAccountName ?? 'default'}/token`;
    const { status } = await api.create<TokenRequest>(path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences, expirationSeconds, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } },
    });
    const issuedAt = clock.now();
    return {
      token: status.token,
      issuedAt,
      expiresAt: Date.parse(status.expirationTimestamp),
      jitterMs: random() * maxJitterMs,
    };
  }

  async function renew(key: string, pod: Pod, audiences: readonly string[], seconds: number): Promise<string> {
    const known = tokens.get(key);
    try {
      const fresh = await request(pod, audiences, seconds);
      tokens.set(key, fresh);
      return fresh.token;
    } catch (error) {
      if (known === undefined) throw new Error(`failed to fetch token: ${messageOf(error)}`, { cause: error });
      // The old one still opens doors until it ends.
      if (clock.now() < known.expiresAt) return known.token;
      throw new Error(`token expired and refresh failed: ${messageOf(error)}`, { cause: error });
    }
  }

  const get: GetToken = async (pod, audiences, expirationSeconds) => {
    const key = JSON.stringify([pod.metadata?.uid, pod.spec?.serviceAccountName, audiences, expirationSeconds]);
    const known = tokens.get(key);
    if (known !== undefined && !tokenIsDue(known, clock.now())) return known.token;
    const asked = pending.get(key) ?? renew(key, pod, audiences, expirationSeconds).finally(() => pending.delete(key));
    pending.set(key, asked);
    return asked;
  };
  return Object.assign(get, {
    forget(podUid: string) {
      for (const key of tokens.keys()) if (key.startsWith(`["${podUid}"`)) tokens.delete(key);
    },
  });
}
