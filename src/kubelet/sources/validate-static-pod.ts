import type { Container, Pod, Volume } from '../../api/types.ts';
import { validateContainerFields, validatePodFields } from './validate-container-fields.ts';

const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const duplicates = (names: readonly string[]): readonly string[] => [
  ...new Set(names.filter((name, i) => names.indexOf(name) !== i)),
];

/** What the API server would refuse, and what a pod without an API server cannot have; none when it can run. */
export function validateStaticPod(pod: Pod): readonly string[] {
  const spec = pod.spec;
  const name = pod.metadata?.name ?? '';
  const lists = { initContainers: spec?.initContainers ?? [], containers: spec?.containers ?? [] };
  const all = [...lists.initContainers, ...lists.containers];
  const volumes = spec?.volumes ?? [];
  const volumeNames = new Set(volumes.map((volume) => volume.name));
  const kinds = new Set([
    ...(spec?.serviceAccountName ? ['serviceaccounts'] : []),
    ...((spec?.imagePullSecrets ?? []).length > 0 ? ['secrets'] : []),
    ...((spec?.resourceClaims ?? []).length > 0 ? ['resourceclaims'] : []),
    ...all.flatMap(apiObjectsOfContainer),
    ...volumes.flatMap(apiObjectsOfVolume),
  ]);
  return [
    ...(dnsName.test(name) && name.length <= 253
      ? []
      : [`metadata.name: Invalid value: "${name}": a lowercase RFC 1123 subdomain is wanted`]),
    ...(['Always', 'OnFailure', 'Never'].includes(spec?.restartPolicy ?? '')
      ? []
      : [`spec.restartPolicy: Unsupported value: "${spec?.restartPolicy}"`]),
    ...(lists.containers.length === 0 ? ['spec.containers: Required value'] : []),
    ...Object.entries(lists).flatMap(([list, containers]) =>
      containers.flatMap((container, i) => [
        ...validateContainer(container, `spec.${list}[${i}]`, volumeNames),
        ...validateContainerFields(container, `spec.${list}[${i}]`, spec),
      ]),
    ),
    ...duplicates(all.map((container) => container.name)).map((n) => `spec.containers: Duplicate value: "${n}"`),
    ...volumes
      .filter((volume) => !dnsLabel.test(volume.name ?? ''))
      .map((volume) => `spec.volumes: Invalid value: "${volume.name}": a lowercase RFC 1123 label is wanted`),
    ...duplicates(volumes.map((volume) => volume.name)).map((n) => `spec.volumes: Duplicate value: "${n}"`),
    ...validatePodFields(spec),
    ...[...kinds].map((kind) => `static pods may not reference ${kind}`),
  ];
}

function validateContainer(container: Container, path: string, volumeNames: ReadonlySet<string>): readonly string[] {
  const mounts = container.volumeMounts ?? [];
  return [
    ...(dnsLabel.test(container.name ?? '')
      ? []
      : [`${path}.name: Invalid value: "${container.name ?? ''}": a lowercase RFC 1123 label is wanted`]),
    ...(container.image ? [] : [`${path}.image: Required value`]),
    ...mounts
      .filter((mount) => !volumeNames.has(mount.name))
      .map((mount) => `${path}.volumeMounts: Not found: "${mount.name}"`),
    ...mounts.filter((mount) => !mount.mountPath).map(() => `${path}.volumeMounts.mountPath: Required value`),
    ...duplicates(mounts.map((mount) => mount.mountPath)).map(
      (at) => `${path}.volumeMounts: Invalid value: "${at}": must be unique`,
    ),
  ];
}

/** Kinds of API objects that a container's environment is made from. */
const apiObjectsOfContainer = (container: Container): readonly string[] => [
  ...(container.env ?? []).flatMap(({ valueFrom }) => [
    ...(valueFrom?.configMapKeyRef === undefined ? [] : ['configmaps']),
    ...(valueFrom?.secretKeyRef === undefined ? [] : ['secrets']),
  ]),
  ...(container.envFrom ?? []).flatMap(({ configMapRef, secretRef }) => [
    ...(configMapRef === undefined ? [] : ['configmaps']),
    ...(secretRef === undefined ? [] : ['secrets']),
  ]),
];

/** Kinds of API objects that a volume is made from. */
const apiObjectsOfVolume = (volume: Volume): readonly string[] => [
  ...(volume.configMap === undefined ? [] : ['configmaps (via configmap volumes)']),
  ...(volume.secret === undefined ? [] : ['secrets (via secret volumes)']),
  ...(volume.csi === undefined ? [] : ['csidrivers (via CSI volumes)']),
  ...(volume.glusterfs === undefined ? [] : ['endpoints (via glusterFS volumes)']),
  ...(volume.persistentVolumeClaim === undefined ? [] : ['persistentvolumeclaims']),
  ...(volume.ephemeral === undefined ? [] : ['persistentvolumeclaims (via ephemeral volumes)']),
  ...(volume.azureFile === undefined ? [] : ['secrets (via azureFile volumes)']),
  ...(volume.projected?.sources ?? []).flatMap((source) => [
    ...(source.configMap === undefined ? [] : ['configmaps (via projected volumes)']),
    ...(source.secret === undefined ? [] : ['secrets (via projected volumes)']),
    ...(source.serviceAccountToken === undefined ? [] : ['serviceaccounts (via projected volumes)']),
    ...(source.clusterTrustBundle === undefined ? [] : ['clustertrustbundles']),
    ...(source.podCertificate === undefined ? [] : ['podcertificates']),
  ]),
];
