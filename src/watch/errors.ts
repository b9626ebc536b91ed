import { ApiError, isForbidden, isNotFound } from '../api/errors.ts';
import { KlabError, messageOf } from '../base/errors.ts';

export const nodeNotInCluster = (node: string, others: readonly string[]) =>
  new KlabError('NODE_NOT_FOUND', `there is no node "${node}" in the cluster of this kubeconfig`, {
    hint: `there are: ${others.join(', ')}; another cluster is chosen with --name or --context`,
  });

export const podNotFound = (pod: string) =>
  new KlabError('POD_NOT_FOUND', `there is no pod "${pod}", and no kubelet remembers one`, {
    hint: 'list them with `kubectl get pods -A`; another namespace is chosen with --namespace',
  });

export const badPodName = (pod: string) =>
  new KlabError('BAD_POD_NAME', `${JSON.stringify(pod)} is not the name of a pod`, {
    hint: 'write NAME or NAMESPACE/NAME, in lower case, as `kubectl get pods -A` shows them',
  });

/** Why a node's journal cannot be read, for the user; other errors are answered as they are. */
export function journalUnreadable(node: string, error: unknown): unknown {
  if (isForbidden(error)) {
    return new KlabError('NOT_ALLOWED', `the journal of node ${node} may not be read: ${messageOf(error)}`, {
      hint: 'the user of the kubeconfig needs the verb get on nodes/proxy',
      cause: error,
    });
  }
  if (isNotFound(error)) {
    return new KlabError('NO_JOURNAL', `node ${node} has no journal: its kubelet is not klab's`, {
      hint: `look at its log: klab exec ${node} -- journalctl -u kubelet`,
      cause: error,
    });
  }
  if (error instanceof ApiError && error.code === 401) {
    return new KlabError('NOT_ALLOWED', 'the API server does not know the user of the kubeconfig', {
      hint: 'get a new one with `klab export kubeconfig`',
      cause: error,
    });
  }
  return error;
}

/** Whether asking again later may help: there was no answer, or the kubelet behind the API server gave none. */
export const isPassing = (error: unknown): boolean =>
  !(error instanceof ApiError) || error.code === 0 || error.code >= 500 || error.code === 429;
