import type { ApiObject } from '../../api/port.ts';
import { clusterRole, clusterRoleBinding, type Subject } from './objects.ts';

const group = (name: string): Subject => ({ kind: 'Group', name });

/** Who joins with a bootstrap token, and who has joined. */
export const bootstrappers = group('system:bootstrappers:kubeadm:default-node-token');
export const nodes = group('system:nodes');

/** Who may do what while nodes join: ask for a certificate, have it approved, renew it. */
export const renderAccess = (): readonly ApiObject[] => [
  clusterRoleBinding('kubeadm:cluster-admins', 'cluster-admin', group('kubeadm:cluster-admins')),
  clusterRoleBinding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', bootstrappers),
  clusterRoleBinding(
    'kubeadm:node-autoapprove-bootstrap',
    'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    bootstrappers,
  ),
  clusterRoleBinding(
    'kubeadm:node-autoapprove-certificate-rotation',
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    nodes,
  ),
  // A machine that joins looks first whether its name is taken.
  clusterRole('kubeadm:get-nodes', [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }]),
  clusterRoleBinding('kubeadm:get-nodes', 'kubeadm:get-nodes', bootstrappers),
  clusterRoleBinding('kubeadm:apiserver-kubelet-client', 'system:kubelet-api-admin', {
    kind: 'User',
    name: 'kube-apiserver-kubelet-client',
  }),
];
