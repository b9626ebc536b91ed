import type { KubeApi } from '../../api/port.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import type { Cri } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import type { KubeletConfiguration, KubeletFlags } from '../config/index.ts';

/** What every part of the kubelet may be handed: the world outside, and what the user has said. */
export interface Foundation {
  readonly flags: KubeletFlags;
  readonly config: KubeletConfiguration;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly startedAt: Instant;
  readonly journal: Journal;
  readonly cri: Cri;
  /** `containerd://2.4.2` */
  readonly runtimeVersion: string;
  /** Undefined: standalone, with static pods only. */
  readonly api: KubeApi | undefined;
}
