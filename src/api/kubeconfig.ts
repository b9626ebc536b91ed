import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { KlabError } from '../base/errors.ts';
import type { Credentials } from './client.ts';

const named = <T extends z.ZodType>(field: string, value: T) =>
  z.array(z.looseObject({ name: z.string(), [field]: value })).nullish();

const schema = z.looseObject({
  'current-context': z.string().nullish(),
  clusters: named(
    'cluster',
    z.looseObject({
      server: z.string(),
      'certificate-authority-data': z.string().optional(),
      'certificate-authority': z.string().optional(),
      'insecure-skip-tls-verify': z.boolean().optional(),
    }),
  ),
  users: named(
    'user',
    z.looseObject({
      token: z.string().optional(),
      tokenFile: z.string().optional(),
      'client-certificate-data': z.string().optional(),
      'client-certificate': z.string().optional(),
      'client-key-data': z.string().optional(),
      'client-key': z.string().optional(),
    }),
  ),
  contexts: named(
    'context',
    z.looseObject({ cluster: z.string(), user: z.string(), namespace: z.string().optional() }),
  ),
});

/** One context of a kubeconfig, ready to connect with. Files it names are read anew at each use. */
export interface KubeconfigAccess {
  readonly server: string;
  readonly ca: string | undefined;
  /** The CA file's path, where the kubeconfig names one. */
  readonly caFile: string | undefined;
  readonly insecureSkipVerify: boolean;
  /** What requests are about that name no other. */
  readonly namespace: string;
  readonly credentials: Credentials;
}

const bad = (where: string, what: string, cause?: unknown): KlabError =>
  new KlabError('BAD_KUBECONFIG', `${where}: ${what}`, {
    hint: `look at it with: kubectl config view --kubeconfig ${where}`,
    cause,
  });

const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

/**
 * Reads the current context (or `context`) of a kubeconfig's text. `where` is its path: relative file references
 * are resolved from its folder, and errors name it. Throws BAD_KUBECONFIG.
 */
export function parseKubeconfig(text: string, where: string, context?: string): KubeconfigAccess {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (error) {
    throw bad(where, 'is not YAML', error);
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw bad(where, `is not a kubeconfig: ${z.prettifyError(parsed.error)}`);
  const config = parsed.data;
  const wanted = context ?? config['current-context'] ?? '';
  const entry = <T>(list: readonly T[] | null | undefined, name: string, what: string): T => {
    const found = list?.find((item) => (item as { name: string }).name === name);
    if (found === undefined) throw bad(where, `has no ${what} "${name}"`);
    return found;
  };
  const chosen = entry(config.contexts, wanted, 'context').context as {
    cluster: string;
    user: string;
    namespace?: string;
  };
  const { cluster: clusterName, user: userName } = chosen;
  const cluster = entry(config.clusters, clusterName, 'cluster').cluster as Record<
    string,
    string | boolean | undefined
  >;
  const user = entry(config.users, userName, 'user').user as Record<string, string | undefined>;
  const path = (file: string): string => resolve(dirname(where), file);
  const material = (data: string | undefined, file: string | undefined): string | undefined =>
    data !== undefined ? fromBase64(data) : file !== undefined ? readFileSync(path(file), 'utf8') : undefined;
  const caData = cluster['certificate-authority-data'] as string | undefined;
  const caFile = cluster['certificate-authority'] as string | undefined;

  return {
    server: String(cluster.server),
    ca: material(caData, caFile),
    caFile: caFile === undefined ? undefined : path(caFile),
    insecureSkipVerify: cluster['insecure-skip-tls-verify'] === true,
    namespace: chosen.namespace || 'default',
    credentials: {
      certificate: () => {
        const cert = material(user['client-certificate-data'], user['client-certificate']);
        const key = material(user['client-key-data'], user['client-key']);
        return cert === undefined || key === undefined ? undefined : { cert, key };
      },
      token: () => user.token ?? (user.tokenFile && readFileSync(path(user.tokenFile), 'utf8').trim()),
    },
  };
}
