/** The Kubernetes version whose kubelet this one behaves as: what the node reports and `--version` prints. */
export const kubernetesVersion = 'v1.37.2';

/** `1.37`, as User-Agents have it. */
export const minorVersion = kubernetesVersion.split('.').slice(0, 2).join('.').slice(1);
