export { renderDefaultNetwork } from './addons/addons.ts';
export { renderAdminKubeconfig, renderSuperAdminKubeconfig } from './admin-kubeconfig.ts';
export { renderClusterObjects } from './cluster-objects.ts';
export { newBootstrapToken } from './join/bootstrap-tokens.ts';
export { checkKubeadmConfig } from './kubeadm-config/resolve.ts';
export { renderJoiningWorker, renderJoinToken, renderNode } from './node-files.ts';
export { renderNodeMarks } from './node-marks.ts';
export { makePki } from './pki/make-pki.ts';
export type * from './types.ts';
