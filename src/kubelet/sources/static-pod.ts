import type { Pod, PodSpec } from '../../api/types.ts';
import { configHash, configSeen, configSource } from '../pod-facts.ts';
import { withPodDefaults } from './pod-defaults.ts';
import { staticUid } from './static-uid.ts';
import { validateStaticPod } from './validate-static-pod.ts';

type Toleration = NonNullable<PodSpec['tolerations']>[number];

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

/** Makes the pod of a parsed manifest, with the API's defaults and what marks it as static. Throws ManifestError. */
export function renderStaticPod(manifest: unknown, { source, place, nodeName, seenAt }: StaticPodOrigin): Pod {
  const pod = asPod(manifest);
  const name = pod.metadata?.name;
  if (!name) throw new ManifestError('metadata.name: Required value: the pod has no name');
  const uid = pod.metadata?.uid || staticUid(manifest, nodeName, `${source === 'file' ? 'file' : 'url'}:${place}`);
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
      ...(source === 'file' ? { tolerations: tolerating(pod.spec?.tolerations ?? []) } : {}),
    },
    status: { phase: 'Pending' },
  });
  const problems = validateStaticPod(complete);
  if (problems.length > 0) throw new ManifestError(problems.join(', '));
  return complete;
}

/** Taints that evict are for pods that can run elsewhere; a toleration of its own that says as much is replaced. */
function tolerating(own: readonly Toleration[]): Toleration[] {
  const all: Toleration = { operator: 'Exists', effect: 'NoExecute' };
  const saysAsMuch = ({ key, operator, effect, value }: Toleration): boolean =>
    !key && !value && operator === all.operator && effect === all.effect;
  return own.some(saysAsMuch) ? own.map((one) => (saysAsMuch(one) ? all : one)) : [...own, all];
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
