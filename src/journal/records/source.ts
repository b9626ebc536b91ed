import type { ObjectReference } from '../../api/types.ts';
import { failure, info, type Projections, warning, warningEvent } from '../projection.ts';

/** What the sources of pods tell. */
export type SourceRecord =
  | { readonly kind: 'source.added'; readonly source: 'file' | 'http' | 'api'; readonly place: string }
  | { readonly kind: 'source.watching'; readonly path: string }
  /** The whole path; `source.unreadable` is one of its files. */
  | { readonly kind: 'source.pathUnreadable'; readonly path: string; readonly reason: string }
  /** `watched`: it has just been changed, or else it was met among all the others. */
  | { readonly kind: 'source.unreadable'; readonly path: string; readonly reason: string; readonly watched: boolean }
  /** What lies among the manifests and is no file. */
  | { readonly kind: 'source.noFile'; readonly path: string; readonly folder: boolean }
  /** `failures`: those in a row before this one. */
  | { readonly kind: 'source.urlFailed'; readonly reason: string; readonly failures: number }
  | { readonly kind: 'source.urlRecovered' }
  | { readonly kind: 'source.watchFailed'; readonly what: string; readonly reason: string }
  | {
      readonly kind: 'source.duplicate';
      readonly object: ObjectReference;
      /** The pod's name, namespace and UID in one word. */
      readonly pod: string;
      readonly source: string;
    }
  | { readonly kind: 'source.priorityDoubtful'; readonly pod: string; readonly text: string }
  | { readonly kind: 'source.mirrorCreating'; readonly pod: string }
  | { readonly kind: 'source.mirrorDeleting'; readonly pod: string; readonly uid: string }
  /** A mirror shows an earlier manifest, or is being deleted; `deleted`: it is gone. */
  | { readonly kind: 'source.mirrorStale'; readonly pod: string; readonly uid: string; readonly deleted: boolean }
  /** A static pod stays without a mirror: there is no Node that could own it. */
  | { readonly kind: 'source.mirrorOwnerless'; readonly pod: string; readonly node: string; readonly known: boolean }
  | {
      readonly kind: 'source.mirrorFailed';
      readonly pod: string;
      readonly action: 'create' | 'delete';
      readonly reason: string;
    };

/** After this many failures in a row to read the URL, more of them show only at -v 4. */
const loudFailures = 3;

export const sourceProjections: Projections<SourceRecord> = {
  'source.added': {
    log: ({ source, place }) =>
      source === 'api'
        ? info(0, 'Adding apiserver pod source')
        : source === 'file'
          ? info(0, 'Adding static pod path', { path: place })
          : [info(0, 'Adding pod URL with HTTP header', { URL: place }), info(1, 'Watching URL', { URL: place })],
  },
  'source.watching': { log: ({ path }) => info(1, 'Watching path', { path }) },
  'source.pathUnreadable': {
    log: ({ path, reason }) => failure('Unable to read config path', { path, err: reason }),
  },
  'source.noFile': {
    log: ({ path, folder }) =>
      folder
        ? failure('Provided manifest path is a directory, not recursing into manifest path', { path })
        : failure('Manifest path is not a directory or file', { path }),
  },
  'source.unreadable': {
    log: ({ path, reason, watched }) =>
      watched
        ? failure('Unable to process watch event', { err: `can't process config file "${path}": ${reason}` })
        : failure('Could not process manifest file', { path, err: reason }),
  },
  'source.urlFailed': {
    log: ({ reason, failures }) => {
      const last = failures === loudFailures ? '. Dropping verbosity of this message to V(4)' : '';
      return info(failures > loudFailures ? 4 : 0, `Failed to read pods from URL${last}`, { err: reason });
    },
  },
  'source.urlRecovered': { log: () => info(0, 'Successfully read pods from URL') },
  'source.watchFailed': { log: ({ what, reason }) => failure('Failed to watch', { type: what, err: reason }) },
  'source.duplicate': {
    log: ({ pod, source }) =>
      warning('Pod with the same name in one source: the later one is ignored', { pod, source }),
    event: ({ object, pod, source }) =>
      warningEvent(
        object,
        'FailedValidation',
        `Error validating pod ${pod} from ${source} due to duplicate pod name "${object.name}", ignoring`,
      ),
  },
  'source.priorityDoubtful': { log: ({ pod, text }) => info(0, text, { pod }) },
  'source.mirrorCreating': { log: ({ pod }) => info(0, 'Creating a mirror pod for static pod', { pod }) },
  'source.mirrorDeleting': { log: ({ pod, uid }) => info(2, 'Deleting a mirror pod', { pod, podUID: uid }) },
  'source.mirrorStale': {
    log: ({ pod, uid, deleted }) =>
      deleted
        ? info(0, "Deleted mirror pod as it didn't match the static Pod", { pod })
        : info(0, 'Trying to delete pod', { pod, podUID: uid }),
  },
  'source.mirrorOwnerless': {
    log: ({ node, known }) =>
      known
        ? info(0, 'No need to create a mirror pod, since node has been removed from the cluster', { node })
        : failure('No need to create a mirror pod, since failed to get node info from the cluster', { node }),
  },
  'source.mirrorFailed': {
    log: ({ pod, action, reason }) =>
      failure(action === 'create' ? 'Failed creating a mirror pod' : 'Failed deleting a mirror pod', {
        pod,
        err: reason,
      }),
  },
};
