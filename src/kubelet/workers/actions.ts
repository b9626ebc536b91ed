import type { Instant } from '../../base/clock.ts';
import type { ContainerList } from '../pod-facts.ts';
import type { ContainerResize } from './decide-resize.ts';

/** What may be done to a pod, one kind each; `because` is what the journal, the log and the tests say about it. */
export type PodAction =
  /** Stop everything of the pod and its sandboxes. */
  | { readonly kind: 'killPod'; readonly because: string }
  | {
      readonly kind: 'killContainer';
      readonly id: string;
      readonly container: string;
      /** Text of the Killing event. */
      readonly message: string;
      /** The probe that asked for it: its own grace period goes first. */
      readonly probe?: 'liveness' | 'startup';
      readonly because: string;
    }
  /** Kill if it runs, and remove, keeping its logs: all containers start anew in the same sandbox. */
  | {
      readonly kind: 'resetContainer';
      readonly id: string;
      readonly container: string;
      readonly running: boolean;
      readonly because: string;
    }
  /** Tell running containers and the pod's cgroup what they were granted. */
  | { readonly kind: 'resizePod'; readonly updates: readonly ContainerResize[]; readonly because: string }
  | { readonly kind: 'removeContainer'; readonly id: string; readonly container: string; readonly because: string }
  | {
      readonly kind: 'createSandbox';
      readonly attempt: number;
      /** ID of the sandbox it takes the place of. */
      readonly replaces: string | undefined;
      readonly because: string;
    }
  | {
      readonly kind: 'startContainer';
      readonly list: ContainerList;
      readonly container: string;
      /** Not its first start: the back-off counts it. */
      readonly restart: boolean;
      readonly because: string;
    }
  /** It is to be started, but not yet. */
  | {
      readonly kind: 'backOff';
      readonly list: ContainerList;
      readonly container: string;
      readonly delayMs: number;
      readonly until: Instant;
      readonly because: string;
    };

export type PodActionKind = PodAction['kind'];
