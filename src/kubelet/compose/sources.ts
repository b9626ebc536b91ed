import { parseGoDuration } from '../config/index.ts';
import { apiSource, fileSource, httpSource, type SourceName, type SourcesCatalog } from '../sources/index.ts';
import type { PodChange } from '../workers/index.ts';
import type { Foundation } from './foundation.ts';

interface Runnable {
  run(signal: AbortSignal): Promise<void>;
}

export interface SourceParts {
  /** Those that need no API server. */
  readonly local: readonly Runnable[];
  readonly remote: readonly Runnable[];
}

/** Which sources the configuration names. */
export const sourceNames = ({ config, api }: Pick<Foundation, 'config' | 'api'>): readonly SourceName[] => [
  ...(config.staticPodPath === undefined ? [] : (['file'] as const)),
  ...(config.staticPodURL === undefined ? [] : (['http'] as const)),
  ...(api === undefined ? [] : (['api'] as const)),
];

/** The sources of pods; what changes in them is kept by the catalog and told to `take`. */
export function composeSources(
  { config, nodeName, clock, journal, api }: Foundation,
  catalog: SourcesCatalog,
  take: (changes: readonly PodChange[]) => void,
  whenNodeIsKnown: (signal: AbortSignal) => Promise<void>,
): SourceParts {
  const localSources = [
    ...(config.staticPodPath === undefined
      ? []
      : [
          fileSource({
            path: config.staticPodPath,
            nodeName,
            clock,
            journal,
            checkEveryMs: parseGoDuration(config.fileCheckFrequency),
            onPods: (pods) => take(catalog.replace('file', pods)),
          }),
        ]),
    ...(config.staticPodURL === undefined
      ? []
      : [
          httpSource({
            url: config.staticPodURL,
            headers: config.staticPodURLHeader ?? {},
            nodeName,
            clock,
            journal,
            checkEveryMs: parseGoDuration(config.httpCheckFrequency),
            onPods: (pods) => take(catalog.replace('http', pods)),
          }),
        ]),
  ];
  const remoteSources =
    api === undefined
      ? []
      : [
          apiSource({
            api,
            nodeName,
            clock,
            journal,
            onAll: (pods) => take(catalog.replace('api', pods)),
            onOne: (uid, pod) => take(catalog.set('api', uid, pod)),
            after: whenNodeIsKnown,
          }),
        ];
  return { local: localSources, remote: remoteSources };
}
