import type { KubeApi } from '../../api/port.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import type { FileTree } from '../../base/file-tree.ts';
import type { Progress } from '../../base/progress.ts';
import type { BootstrapInput, ClusterPki } from '../../bootstrap/index.ts';
import type { ClusterConfig, NodeConfig } from '../../config/model.ts';
import type { ContainerEngine, NetworkInfo } from '../../engine/port.ts';
import type { WantedNetwork } from '../cni/index.ts';
import type { KubeconfigPlace } from '../kubeconfig/paths.ts';

/** What every step of `create` works with; `made` is what earlier steps found or made. */
export interface CreateContext {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  readonly config: ClusterConfig;
  /** 0: not waited for. */
  readonly waitMs: number;
  readonly kubeconfig: KubeconfigPlace;
  /** Builds the node image when it is not here and cannot be pulled; absent: that is an error. */
  readonly buildImage: ((reference: string) => Promise<void>) | undefined;
  /** All of standard input: the network's manifest, where that is `-`. */
  readonly stdin: (() => Promise<string>) | undefined;
  readonly made: Made;
  /** Registered by a step for what it made: run backwards when a later one fails. */
  readonly undo: (what: string, run: () => Promise<void>) => void;
  /** A line below the step in progress. */
  readonly detail: (text: string) => void;
}

/** Each is set by one step, and read by those after it. */
export interface Made {
  /** The network to install once there are nodes, where it is not klab's own. */
  wantedNetwork?: WantedNetwork;
  image?: Readonly<Record<string, string>>;
  kubernetesVersion?: string;
  network?: NetworkInfo & { readonly subnet: string };
  bootstrap?: BootstrapInput;
  pki?: ClusterPki;
  files?: ReadonlyMap<string, FileTree>;
  api?: KubeApi;
  apiServer?: string;
  /** What `--wait` counts from. */
  apiReadyAt?: Instant;
  /** Addresses that another cluster took first, while they were about to be used. */
  lostAddresses?: readonly string[];
  kubeconfigPath?: string;
}

export interface Step {
  readonly title: string;
  /** False: there is nothing to do for it in this cluster, and nothing to tell. Absent: always. */
  isNeeded?(context: CreateContext): boolean;
  run(context: CreateContext): Promise<void>;
}

/** What an earlier step must have made; a missing one is a mistake in the plan, not the user's. */
export function need<K extends keyof Made>(context: CreateContext, key: K): NonNullable<Made[K]> {
  const value = context.made[key];
  if (value === undefined || value === null) throw new Error(`no step has made "${key}" yet`);
  return value as NonNullable<Made[K]>;
}

export const controlPlanes = ({ config }: CreateContext): readonly NodeConfig[] =>
  config.nodes.filter(({ role }) => role === 'control-plane');

export const workers = ({ config }: CreateContext): readonly NodeConfig[] =>
  config.nodes.filter(({ role }) => role === 'worker');

/** The control plane where the cluster begins; validation made sure that there is one. */
export function firstControlPlane(context: CreateContext): NodeConfig {
  const [first] = controlPlanes(context);
  if (first === undefined) throw new Error('a cluster without a control plane was not refused');
  return first;
}

/** What is left of `--wait`, which counts from the API server's first answer. */
export const remainingWaitMs = ({ clock, waitMs, made }: CreateContext): number =>
  Math.max(0, (made.apiReadyAt ?? clock.now()) + waitMs - clock.now());
