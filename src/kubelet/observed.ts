import type { Instant } from '../base/clock.ts';
import type { LinuxContainerResources } from '../cri/port.ts';

/** What the runtime has of one pod: PLEG's output, and with the spec the input of every decision. */
export interface ObservedPod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Newest first (attempt, then creation time). */
  readonly sandboxes: readonly ObservedSandbox[];
  /** Every attempt of every container, newest first. */
  readonly containers: readonly ObservedContainer[];
  /** Of the newest sandbox; kept after it stopped. Empty for host network. */
  readonly ips: readonly string[];
  /** When the runtime was asked. */
  readonly observedAt: Instant;
}

export interface ObservedSandbox {
  readonly id: string;
  readonly attempt: number;
  readonly createdAt: Instant;
  readonly ready: boolean;
  readonly networkMode: 'node' | 'pod';
  readonly ips: readonly string[];
  readonly runtimeHandler: string;
}

export type ObservedContainer = ObservedContainerFacts & ObservedContainerState;

export interface ObservedContainerFacts {
  readonly id: string;
  readonly name: string;
  readonly sandboxId: string;
  /** From the annotation io.kubernetes.container.restartCount. */
  readonly restartCount: number;
  /** From the annotation io.kubernetes.container.hash. */
  readonly hash: string;
  /** The image as the runtime names it (status.image.userSpecifiedImage or image.image). */
  readonly image: string;
  /** Repo digest or id: imageID of the API's container status. */
  readonly imageRef: string;
  readonly imageId: string;
  readonly createdAt: Instant;
  readonly logPath: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly resources: LinuxContainerResources | undefined;
  readonly user:
    | { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] }
    | undefined;
}

export type ObservedContainerState =
  | { readonly state: 'created' }
  | { readonly state: 'running'; readonly startedAt: Instant }
  | {
      readonly state: 'exited';
      /** 0 when it never started. */
      readonly startedAt: Instant;
      readonly finishedAt: Instant;
      readonly exitCode: number;
      readonly signal?: number;
      readonly reason: string;
      readonly message: string;
    }
  | { readonly state: 'unknown' };
