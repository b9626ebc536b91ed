import { parse, stringify } from 'yaml';
import { adminConfUnusable } from './errors.ts';

/** What one cluster adds to a kubeconfig: a cluster, a user and a context, all of the same name. */
export interface KubeconfigEntry {
  /** `klab-NAME`: name of the cluster, the user and the context. */
  readonly name: string;
  readonly cluster: Readonly<Record<string, unknown>>;
  readonly user: Readonly<Record<string, unknown>>;
}

/** The name of a klab cluster's context, cluster and user. */
export const contextName = (cluster: string): string => `klab-${cluster}`;

/**
 * The entry for a cluster, from the admin.conf of its control plane; `server` is the API server's URL as the reader
 * of the kubeconfig reaches it (absent: as admin.conf has it). Throws ADMIN_CONF_UNUSABLE.
 */
export function entryFromAdminConf(adminConf: string, clusterName: string, server?: string): KubeconfigEntry {
  const config: unknown = parse(adminConf);
  const cluster = firstOf(config, 'clusters', 'cluster');
  const user = firstOf(config, 'users', 'user');
  return {
    name: contextName(clusterName),
    cluster: server === undefined ? cluster : { ...cluster, server },
    user,
  };
}

/** A kubeconfig that holds this entry alone. */
export function renderKubeconfig(entry: KubeconfigEntry): string {
  const { name, cluster, user } = entry;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ cluster, name }],
    contexts: [{ context: { cluster: name, user: name }, name }],
    'current-context': name,
    preferences: {},
    users: [{ name, user }],
  };
  return stringify(config, { indentSeq: false, lineWidth: 0 });
}

function firstOf(config: unknown, list: string, field: string): Readonly<Record<string, unknown>> {
  const items = member(config, list);
  const value = member(Array.isArray(items) ? items[0] : undefined, field);
  if (!isRecord(value)) throw adminConfUnusable(`it has no ${field}`);
  return value;
}

const member = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
