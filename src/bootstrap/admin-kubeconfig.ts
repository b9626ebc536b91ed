import { firstControlPlane } from './kubeadm-config/resolve.ts';
import { controlPlanePki } from './pki/files.ts';
import { renderKubeconfig } from './pki/kubeconfigs.ts';
import type { BootstrapInput, ClusterPki } from './types.ts';

/** The user's own kubeconfig; cluster, user and context are called klab-NAME. `server` like https://127.0.0.1:41234. */
export const renderAdminKubeconfig = (input: BootstrapInput, pki: ClusterPki, server: string): string =>
  render(input, pki, server, 'admin');

/**
 * For klab alone, while it makes the cluster: it may do everything even before any RBAC rule is there, which the user's
 * may not (kubeadm:cluster-admins is one of the objects to apply).
 */
export const renderSuperAdminKubeconfig = (input: BootstrapInput, pki: ClusterPki, server: string): string =>
  render(input, pki, server, 'superAdmin');

function render(input: BootstrapInput, pki: ClusterPki, server: string, who: 'admin' | 'superAdmin'): string {
  const name = `klab-${input.cluster.name}`;
  return renderKubeconfig({
    cluster: name,
    server,
    caPem: pki.ca.certificatePem,
    user: name,
    context: name,
    credentials: { kind: 'certificate', pair: controlPlanePki(pki, firstControlPlane(input).name)[who] },
  });
}
