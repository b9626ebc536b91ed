import * as z from 'zod';
import type { ManifestObject } from '../manifest.ts';
import type { Workload } from './readiness.ts';

const schema = z.looseObject({
  spec: z.looseObject({ selector: z.looseObject({ matchLabels: z.record(z.string(), z.string()) }) }),
});

/** The manifest's controllers whose pods are waited for; one that wants no pods by name of its labels is left out. */
export const workloadsOf = (objects: readonly ManifestObject[]): readonly Workload[] =>
  objects
    .filter(({ kind }) => kind === 'DaemonSet' || kind === 'Deployment')
    .flatMap((object) => {
      const read = schema.safeParse(object);
      if (!read.success) return [];
      const { kind, metadata } = object;
      const labels = read.data.spec.selector.matchLabels;
      return [{ kind, name: metadata.name, namespace: metadata.namespace ?? 'default', labels }];
    });
