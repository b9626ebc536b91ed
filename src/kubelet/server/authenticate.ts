import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import type { KubeApi } from '../../api/port.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { postReview } from './review.ts';

/** Who asks. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface AuthenticationOptions {
  /** PEM of the authorities whose client certificates count; undefined: none do. */
  readonly clientCaFile: string | undefined;
  readonly anonymous: boolean;
  /** Absent: bearer tokens are not asked about. */
  readonly api: KubeApi | undefined;
  readonly tokenCacheMs: number;
  readonly clock: Clock;
}

export interface Credentials {
  /** The peer's certificate in DER, if it sent one. */
  readonly certificate: Buffer | undefined;
  readonly authorization: string | undefined;
}

/** What the TLS connection and the headers say of the caller. */
export function credentialsOf(socket: TLSSocket, authorization: string | undefined): Credentials {
  const certificate = socket.getPeerX509Certificate?.()?.raw;
  return { certificate, authorization };
}

const anonymousUser: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
const authenticated = 'system:authenticated';

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: {
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: readonly string[];
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

/** Splits a PEM bundle into its certificates. */
const authoritiesOf = (pem: string): readonly X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []).map(
    (block) => new X509Certificate(block),
  );

/** The subject's values for one key; Node prints a name with one `KEY=value` a line. */
const subjectOf = (certificate: X509Certificate, key: string): readonly string[] =>
  certificate.subject
    .split('\n')
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));

/** Whether a certificate is signed by one of the authorities, in force, and meant for clients. */
export function verifyClient(
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
  now: Date,
): boolean {
  const inForce = certificate.validFromDate <= now && now <= certificate.validToDate;
  const clientUsage = (certificate.keyUsage ?? []).some(
    (usage) => usage === '1.3.6.1.5.5.7.3.2' || usage === '2.5.29.37.0',
  );
  return (
    inForce &&
    clientUsage &&
    authorities.some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey))
  );
}

/**
 * Finds out who a caller is: by client certificate, then by bearer token, then nobody in particular. Answers undefined
 * when the caller must be refused; rejects when the API server cannot be asked.
 */
export function authenticator({
  clientCaFile,
  anonymous,
  api,
  tokenCacheMs,
  clock,
}: AuthenticationOptions): (credentials: Credentials) => Promise<User | undefined> {
  let authorities: { readonly version: number; readonly list: readonly X509Certificate[] } | undefined;
  const tokens = new Map<string, { readonly user: User | undefined; readonly until: Instant }>();

  function currentAuthorities(): readonly X509Certificate[] {
    if (clientCaFile === undefined) return [];
    const version = statSync(clientCaFile).mtimeMs;
    if (authorities?.version !== version)
      authorities = { version, list: authoritiesOf(readFileSync(clientCaFile, 'utf8')) };
    return authorities.list;
  }

  function byCertificate(der: Buffer): User | undefined {
    const certificate = new X509Certificate(der);
    if (!verifyClient(certificate, currentAuthorities(), new Date(clock.now()))) return undefined;
    const [name] = subjectOf(certificate, 'CN');
    return name === undefined ? undefined : { name, groups: [...subjectOf(certificate, 'O'), authenticated] };
  }

  async function byToken(token: string, server: KubeApi): Promise<User | undefined> {
    // Only a digest is kept: what lies in memory for minutes should not open doors.
    const key = createHash('sha256').update(token).digest('base64');
    const known = tokens.get(key);
    if (known !== undefined && known.until > clock.now()) return known.user;
    const review = await postReview<TokenReview>(server, clock, '/apis/authentication.k8s.io/v1/tokenreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token },
    });
    const found = review.status?.authenticated === true ? review.status.user : undefined;
    const user: User | undefined =
      found === undefined
        ? undefined
        : {
            name: found.username ?? '',
            groups: [...new Set([...(found.groups ?? []), authenticated])],
            ...(found.uid === undefined ? {} : { uid: found.uid }),
            ...(found.extra === undefined ? {} : { extra: found.extra }),
          };
    tokens.set(key, { user, until: clock.now() + tokenCacheMs });
    for (const [k, { until }] of tokens) if (until <= clock.now()) tokens.delete(k);
    return user;
  }

  return async ({ certificate, authorization }) => {
    const presented = clientCaFile === undefined ? undefined : certificate;
    const known = presented && byCertificate(presented);
    if (known !== undefined) return known;
    const token = /^bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    // Credentials that are no good are refused, even where nobody in particular would be let in.
    if (token !== undefined && api !== undefined) return byToken(token, api);
    return anonymous && presented === undefined ? anonymousUser : undefined;
  };
}
