import type { Pod, PodSpec } from '../../api/types.ts';
import { configHash, configSeen, configSource } from '../pod-facts.ts';
import { findApiReference } from './api-references.ts';
import { decodePod } from './decode-pod.ts';
import { ManifestError } from './manifest-error.ts';
import { withPodDefaults } from './pod-defaults.ts';
import { staticUid } from './static-uid.ts';
import { validateStaticPod } from './validate-static-pod.ts';

type Toleration = NonNullable<PodSpec['tolerations']>[number];

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
  const pod = decodePod(manifest);
  const name = pod.metadata?.name;
  if (!name) throw new ManifestError('invalid pod: name is needed for the pod');
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
  if (problems.length > 0) throw new ManifestError(`invalid pod: [${problems.join(' ')}]`);
  const reference = findApiReference(complete);
  if (reference !== undefined) throw new ManifestError(`static pods may not reference ${reference}`);
  return complete;
}

/** Taints that evict are for pods that can run elsewhere; a toleration of its own that says as much is replaced. */
function tolerating(own: readonly Toleration[]): Toleration[] {
  const all: Toleration = { operator: 'Exists', effect: 'NoExecute' };
  const saysAsMuch = ({ key, operator, effect, value }: Toleration): boolean =>
    !key && !value && operator === all.operator && effect === all.effect;
  return own.some(saysAsMuch) ? own.map((one) => (saysAsMuch(one) ? all : one)) : [...own, all];
}
