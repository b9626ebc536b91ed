import { KlabError, messageOf } from '../../base/errors.ts';

/** The user's kubeconfig is not one: it is left as it is. */
export const kubeconfigCorrupt = (path: string, what: string, line?: number) =>
  new KlabError('KUBECONFIG_CORRUPT', `${path}${line === undefined ? '' : `:${line}`} is not a kubeconfig: ${what}`, {
    hint: `it was left as it is: repair or move it, or choose another file with --kubeconfig`,
  });

export const kubeconfigNotWritable = (path: string, cause: unknown) =>
  new KlabError('KUBECONFIG_NOT_WRITABLE', `cannot write the kubeconfig ${path}: ${messageOf(cause)}`, {
    hint: 'choose another file with --kubeconfig',
    cause,
  });

export const kubeconfigNotReadable = (path: string, cause: unknown) =>
  new KlabError('KUBECONFIG_NOT_READABLE', `cannot read the kubeconfig ${path}: ${messageOf(cause)}`, { cause });

/** Someone else holds the lock file; `owner` says who, where that is known. */
export const kubeconfigLocked = (lockPath: string, waitedMs: number, owner: string | undefined) =>
  new KlabError(
    'KUBECONFIG_LOCKED',
    `the kubeconfig is locked: ${lockPath} was still there after ${Math.round(waitedMs / 1000)} s${owner === undefined ? '' : ` (${owner})`}`,
    { hint: `if no kubectl, kind or klab is running, it was left behind: rm ${lockPath}` },
  );

/** What a node answered for its admin.conf is not what kubeadm's clusters have there. */
export const adminConfUnusable = (what: string) =>
  new KlabError('ADMIN_CONF_UNUSABLE', `the control plane's /etc/kubernetes/admin.conf cannot be used: ${what}`, {
    hint: 'has the cluster finished starting? see `klab export logs`',
  });

export const contextNotFound = (context: string, cluster: string | undefined, others: readonly string[]) =>
  new KlabError('CONTEXT_NOT_FOUND', `no kubeconfig has a context "${context}"`, {
    hint:
      cluster !== undefined
        ? `add it with \`klab export kubeconfig --name ${cluster}\``
        : others.length === 0
          ? 'add one with `klab export kubeconfig`'
          : `there are: ${others.join(', ')}`,
  });

export const noCurrentContext = (paths: readonly string[]) =>
  new KlabError('CONTEXT_NOT_FOUND', `there is no current context in ${paths.join(', ')}`, {
    hint: 'create a cluster with `klab create cluster`, or add one with `klab export kubeconfig`',
  });
