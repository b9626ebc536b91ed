import type { Pod } from '../../api/types.ts';

export interface ObjectReferenceKey {
  readonly kind: 'secrets' | 'configmaps';
  readonly name: string;
}

/** Every Secret and ConfigMap that a pod's spec names. */
export function findReferences(pod: Pod): readonly ObjectReferenceKey[] {
  const spec = pod.spec;
  const found = new Map<string, ObjectReferenceKey>();
  const add = (kind: ObjectReferenceKey['kind'], name: string | undefined) => {
    if (name) found.set(`${kind}/${name}`, { kind, name });
  };
  for (const { name } of spec?.imagePullSecrets ?? []) add('secrets', name);
  for (const container of [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ]) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add('configmaps', configMapRef?.name);
      add('secrets', secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add('configmaps', valueFrom?.configMapKeyRef?.name);
      add('secrets', valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of spec?.volumes ?? []) {
    add('configmaps', volume.configMap?.name);
    add('secrets', volume.secret?.secretName);
    for (const { configMap, secret } of volume.projected?.sources ?? []) {
      add('configmaps', configMap?.name);
      add('secrets', secret?.name);
    }
  }
  return [...found.values()];
}
