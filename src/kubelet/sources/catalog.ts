import type { Pod } from '../../api/types.ts';
import type { PodCatalog } from '../parts.ts';
import { configHash, configMirror, fullNameOf, isMirrorPod, isStaticPod, uidOf } from '../pod-facts.ts';
import type { PodChange } from '../workers/index.ts';
import { classifyChange, classifyChanges } from './changes.ts';

export type SourceName = 'file' | 'http' | 'api';

export interface SourcesCatalog extends PodCatalog {
  /** All pods that a source has now: the differences come back as changes, to be handled in their order. */
  replace(source: SourceName, pods: readonly Pod[]): readonly PodChange[];
  /** One pod of a source that was set or (undefined) is gone. */
  set(source: SourceName, uid: string, pod: Pod | undefined): readonly PodChange[];
  /** Whether every one of these sources has reported at least once: until then nothing is missing. */
  allSeen(sources: readonly SourceName[]): boolean;
  /** Mirror pods whose static pod is no longer in a source. */
  orphanMirrors(): readonly Pod[];
}

/** Keeps what every source says, by UID, and mirror pods beside their static pods. */
export function podCatalog(onDuplicate: (pod: Pod, source: SourceName) => void): SourcesCatalog {
  const sources: Record<SourceName, Map<string, Pod>> = { file: new Map(), http: new Map(), api: new Map() };
  const seen = new Set<SourceName>();
  /** full name → mirror pod of the API. */
  const mirrors = new Map<string, Pod>();

  const lookup = (uid: string): Pod | undefined =>
    sources.file.get(uid) ?? sources.http.get(uid) ?? sources.api.get(uid);

  function noteMirror(pod: Pod): void {
    if (isMirrorPod(pod)) mirrors.set(fullNameOf(pod), pod);
  }
  function forgetMirror(pod: Pod): void {
    if (uidOf(mirrors.get(fullNameOf(pod)) ?? {}) === uidOf(pod)) mirrors.delete(fullNameOf(pod));
  }

  /** Of two with the same name, the first one counts. */
  function withoutDuplicates(source: SourceName, pods: readonly Pod[]): readonly Pod[] {
    const names = new Set<string>();
    return pods.filter((pod) => {
      const name = fullNameOf(pod);
      if (names.has(name)) {
        onDuplicate(pod, source);
        return false;
      }
      names.add(name);
      return true;
    });
  }

  return {
    replace(source, given) {
      const pods = source === 'api' ? given : withoutDuplicates(source, given);
      const changes = classifyChanges(source, sources[source], pods);
      if (source === 'api') {
        mirrors.clear();
        pods.forEach(noteMirror);
      }
      sources[source] = new Map(pods.map((pod) => [uidOf(pod), pod]));
      seen.add(source);
      return changes;
    },
    set(source, uid, pod) {
      const before = sources[source].get(uid);
      const operation = classifyChange(before, pod);
      if (pod !== undefined) {
        sources[source].set(uid, pod);
        noteMirror(pod);
      } else {
        sources[source].delete(uid);
        if (before !== undefined) forgetMirror(before);
      }
      const subject = pod ?? before;
      return operation === undefined || subject === undefined ? [] : [{ operation, source, pods: [subject] }];
    },
    allSeen: (wanted) => wanted.every((source) => seen.has(source)),
    orphanMirrors: () => {
      const names = new Set([...sources.file.values(), ...sources.http.values()].map(fullNameOf));
      return [...mirrors.values()].filter((mirror) => !names.has(fullNameOf(mirror)));
    },
    pods: () =>
      [...sources.file.values(), ...sources.http.values(), ...sources.api.values()].filter((pod) => !isMirrorPod(pod)),
    byUid: lookup,
    byFullName(namespace, name) {
      const wanted = `${name}_${namespace}`;
      for (const source of ['file', 'http', 'api'] as const) {
        for (const pod of sources[source].values()) {
          if (fullNameOf(pod) === wanted && !isMirrorPod(pod)) return pod;
        }
      }
      return mirrors.get(wanted);
    },
    mirrorOf: (pod) => (isStaticPod(pod) ? mirrors.get(fullNameOf(pod)) : undefined),
    translateUid(uid) {
      const pod = sources.api.get(uid);
      return pod?.metadata?.annotations?.[configMirror] ?? pod?.metadata?.annotations?.[configHash] ?? uid;
    },
  };
}
