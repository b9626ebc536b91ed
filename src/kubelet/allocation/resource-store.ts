import { readFileSync } from 'node:fs';
import { codeOf, KlabError, messageOf } from '../../base/errors.ts';
import { writeFileAtOnce } from '../checkpoint.ts';
import { type PodResourceInfo, type PodResources, parseResourceState, renderResourceState } from './resource-state.ts';

/** Resources by pod, kept in a file over the kubelet's restarts. */
export interface ResourceStore {
  get(uid: string): PodResourceInfo | undefined;
  set(uid: string, info: PodResourceInfo): void;
  remove(uid: string): void;
  /** Forgets every other pod. */
  keepOnly(isHere: (uid: string) => boolean): void;
  /** Resolves when what was set is on disk. */
  settled(): Promise<void>;
}

/**
 * The store in `path`, with what an earlier run left there. Changes are written one after another, several that come
 * together at once. Throws a KlabError when the file is damaged: what pods were granted cannot be guessed.
 */
export function openResourceStore(path: string, onError: (message: string) => void): ResourceStore {
  const state = new Map(load(path));
  let writing: Promise<void> | undefined;
  let dirty = false;

  async function write(): Promise<void> {
    while (dirty) {
      dirty = false;
      await writeFileAtOnce(path, renderResourceState(state)).catch((error) => onError(messageOf(error)));
    }
    writing = undefined;
  }
  function changed(): void {
    dirty = true;
    writing ??= Promise.resolve().then(write);
  }

  return {
    get: (uid) => state.get(uid),
    set(uid, info) {
      state.set(uid, info);
      changed();
    },
    remove(uid) {
      if (state.delete(uid)) changed();
    },
    keepOnly(isHere) {
      const gone = [...state.keys()].filter((uid) => !isHere(uid));
      for (const uid of gone) state.delete(uid);
      if (gone.length > 0) changed();
    },
    settled: async () => writing,
  };
}

function load(path: string): PodResources {
  try {
    return parseResourceState(readFileSync(path, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return new Map();
    throw new KlabError('CHECKPOINT_DAMAGED', `cannot restore the pods' resources from ${path}: ${messageOf(error)}`, {
      hint: `drain the node, delete ${path} and start the kubelet again`,
      cause: error,
    });
  }
}
