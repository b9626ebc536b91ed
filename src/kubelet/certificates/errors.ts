import { KlabError } from '../../base/errors.ts';

export const noClientCertificate = (since: string): KlabError =>
  new KlabError('NO_CLIENT_CERTIFICATE', `the kubelet has had no valid client certificate since ${since}`, {
    hint: 'look at its requests with: kubectl get csr; a new bootstrap token goes into the bootstrap kubeconfig',
  });
