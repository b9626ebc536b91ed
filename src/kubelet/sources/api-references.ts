import type { Container, Pod, Volume } from '../../api/types.ts';

/**
 * The first kind of API object that the pod is made from, in upstream's order and words; none when the pod can be
 * without an API server.
 */
export function findApiReference(pod: Pod): string | undefined {
  const spec = pod.spec;
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const volumes = spec?.volumes ?? [];
  // A name that is empty names nothing.
  const names = (list: readonly (string | undefined)[]): boolean =>
    list.some((name) => name !== undefined && name !== '');
  // An older name of the same field.
  if (names([spec?.serviceAccountName, spec?.serviceAccount])) return 'serviceaccounts';
  const pullSecrets = (spec?.imagePullSecrets ?? []).map(({ name }) => name);
  if (names([...pullSecrets, ...all.flatMap(secretsOfContainer), ...volumes.flatMap(secretsOfVolume)]))
    return 'secrets';
  if (names([...all.flatMap(configMapsOfContainer), ...volumes.flatMap(configMapsOfVolume)])) return 'configmaps';
  if ((spec?.resourceClaims ?? []).length > 0) return 'resourceclaims';
  return volumes.map(referenceOfVolume).find((reference) => reference !== undefined);
}

const secretsOfContainer = ({ env = [], envFrom = [] }: Container): readonly (string | undefined)[] => [
  ...envFrom.map(({ secretRef }) => secretRef?.name),
  ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
];
const configMapsOfContainer = ({ env = [], envFrom = [] }: Container): readonly (string | undefined)[] => [
  ...envFrom.map(({ configMapRef }) => configMapRef?.name),
  ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
];
const secretsOfVolume = ({ secret, azureFile, csi, projected }: Volume): readonly (string | undefined)[] => [
  secret?.secretName,
  azureFile?.secretName,
  csi?.nodePublishSecretRef?.name,
  ...(projected?.sources ?? []).map((source) => source.secret?.name),
];
const configMapsOfVolume = ({ configMap, projected }: Volume): readonly (string | undefined)[] => [
  configMap?.name,
  ...(projected?.sources ?? []).map((source) => source.configMap?.name),
];

function referenceOfVolume(volume: Volume): string | undefined {
  if (volume.configMap !== undefined) return 'configmaps (via configmap volumes)';
  if (volume.secret !== undefined) return 'secrets (via secret volumes)';
  if (volume.csi !== undefined) return 'csidrivers (via CSI volumes)';
  if (volume.glusterfs !== undefined) return 'endpoints (via glusterFS volumes)';
  if (volume.persistentVolumeClaim !== undefined) return 'persistentvolumeclaims';
  if (volume.ephemeral !== undefined) return 'persistentvolumeclaims (via ephemeral volumes)';
  if (volume.azureFile !== undefined) return 'secrets (via azureFile volumes)';
  for (const source of volume.projected?.sources ?? []) {
    if (source.configMap !== undefined) return 'configmaps (via projected volumes)';
    if (source.secret !== undefined) return 'secrets (via projected volumes)';
    if (source.serviceAccountToken !== undefined) return 'serviceaccounts (via projected volumes)';
    if (source.clusterTrustBundle !== undefined) return 'clustertrustbundles';
    if (source.podCertificate !== undefined) return 'podcertificates';
  }
  return undefined;
}
