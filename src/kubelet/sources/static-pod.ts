import type { Pod } from '../../api/types.ts';
import { configHash, configSeen, configSource } from '../pod-facts.ts';
import { withPodDefaults } from './pod-defaults.ts';
import { staticUid } from './static-uid.ts';

/** A manifest that cannot become a pod; the message says why. */
export class ManifestError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ManifestError';
  }
}

export interface StaticPodOrigin {
  readonly source: 'file' | 'http';
  /** The file's path or the URL. */
  readonly place: string;
  readonly nodeName: string;
  /** RFC 3339 with nine fractional digits. */
  readonly seenAt: string;
}

const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Makes the pod of a parsed manifest, with the API's defaults and what marks it as static. Throws ManifestError. */
export function renderStaticPod(manifest: unknown, { source, place, nodeName, seenAt }: StaticPodOrigin): Pod {
  const pod = asPod(manifest);
  const name = pod.metadata?.name;
  if (!name) throw new ManifestError('metadata.name: Required value: the pod has no name');
  const uid = pod.metadata?.uid || staticUid(manifest, nodeName, `${source === 'file' ? 'file' : 'url'}:${place}`);
  const tolerations = pod.spec?.tolerations ?? [];
  const complete = withPodDefaults({
    ...pod,
    metadata: {
      ...pod.metadata,
      name: `${name}-${nodeName.toLowerCase()}`,
      namespace: pod.metadata?.namespace || 'default',
      uid,
      annotations: {
        ...pod.metadata?.annotations,
        [configHash]: uid,
        [configSeen]: seenAt,
        [configSource]: source,
      },
    },
    spec: {
      ...pod.spec,
      containers: pod.spec?.containers ?? [],
      nodeName,
      // Taints that evict are for pods that can run elsewhere.
      ...(source === 'file' ? { tolerations: [...tolerations, { operator: 'Exists', effect: 'NoExecute' }] } : {}),
    },
    status: { phase: 'Pending' },
  });
  const problems = validateStaticPod(complete);
  if (problems.length > 0) throw new ManifestError(problems.join(', '));
  return complete;
}

function asPod(manifest: unknown): Pod {
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest))
    throw new ManifestError('it is not a Pod');
  const { apiVersion, kind, spec } = manifest as { apiVersion?: unknown; kind?: unknown; spec?: unknown };
  if (apiVersion !== 'v1' || kind !== 'Pod')
    throw new ManifestError(`it is a ${String(kind)} of ${String(apiVersion)}, not a Pod of v1`);
  if (typeof spec !== 'object' || spec === null) throw new ManifestError('spec: Required value');
  return manifest as Pod;
}

/** What the API server would refuse, and what a pod without an API server cannot have; none when it can run. */
export function validateStaticPod(pod: Pod): readonly string[] {
  const spec = pod.spec;
  const name = pod.metadata?.name ?? '';
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const volumes = spec?.volumes ?? [];
  const volumeNames = new Set(volumes.map((volume) => volume.name));
  const refers = (what: string) => `static pods may not reference ${what}`;
  const duplicates = (names: readonly string[]) => [...new Set(names.filter((n, i) => names.indexOf(n) !== i))];
  return [
    ...(dnsName.test(name)
      ? []
      : [`metadata.name: Invalid value: "${name}": a lowercase RFC 1123 subdomain is wanted`]),
    ...((spec?.containers ?? []).length === 0 ? ['spec.containers: Required value'] : []),
    ...containers.flatMap((container, i) => [
      ...(container.name ? [] : [`spec.containers[${i}].name: Required value`]),
      ...(container.image ? [] : [`spec.containers[${i}].image: Required value`]),
      ...(container.volumeMounts ?? [])
        .filter((mount) => !volumeNames.has(mount.name))
        .map((mount) => `spec.containers[${i}].volumeMounts: Not found: "${mount.name}"`),
      ...(container.env ?? []).flatMap(({ valueFrom }) => [
        ...(valueFrom?.configMapKeyRef === undefined ? [] : [refers('configmaps')]),
        ...(valueFrom?.secretKeyRef === undefined ? [] : [refers('secrets')]),
      ]),
      ...(container.envFrom ?? []).flatMap(({ configMapRef, secretRef }) => [
        ...(configMapRef === undefined ? [] : [refers('configmaps')]),
        ...(secretRef === undefined ? [] : [refers('secrets')]),
      ]),
    ]),
    ...duplicates(containers.map((container) => container.name)).map((n) => `spec.containers: Duplicate value: "${n}"`),
    ...duplicates(volumes.map((volume) => volume.name)).map((n) => `spec.volumes: Duplicate value: "${n}"`),
    ...(spec?.serviceAccountName ? [refers('serviceaccounts')] : []),
    ...((spec?.resourceClaims ?? []).length > 0 ? [refers('resourceclaims')] : []),
    ...volumes.flatMap((volume) => [
      ...(volume.configMap === undefined ? [] : [refers('configmaps')]),
      ...(volume.secret === undefined ? [] : [refers('secrets')]),
      ...(volume.persistentVolumeClaim === undefined ? [] : [refers('persistentvolumeclaims')]),
      ...(volume.ephemeral === undefined ? [] : [refers('ephemeral volumes')]),
      ...(volume.csi === undefined ? [] : [refers('csi volumes')]),
      ...(volume.projected?.sources ?? []).flatMap((projected) => [
        ...(projected.configMap === undefined ? [] : [refers('configmaps')]),
        ...(projected.secret === undefined ? [] : [refers('secrets')]),
        ...(projected.serviceAccountToken === undefined ? [] : [refers('serviceaccounts')]),
      ]),
    ]),
  ];
}
