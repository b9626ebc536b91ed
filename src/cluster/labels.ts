/** How klab knows its containers again: there is no other state. */
export const clusterLabel = 'io.x-k8s.klab.cluster';
export const roleLabel = 'io.x-k8s.klab.role';
/** The one network of all clusters. */
export const networkName = 'klab';
export const networkLabels = { 'io.x-k8s.klab': 'network' } as const;
