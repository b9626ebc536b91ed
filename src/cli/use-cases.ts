import type { Progress } from '../base/progress.ts';
import type { AppliedCni, CniRequest, CniStatus, Encapsulation, RemovedCni } from '../cluster/cni/index.ts';
import type { KubeconfigPlace } from '../cluster/kubeconfig/paths.ts';
import type { SysctlChange, SysctlTarget, SysctlValue } from '../cluster/sysctl/index.ts';
import type { ClusterConfig } from '../config/model.ts';
import type { Heard, PodStory } from '../watch/index.ts';

/**
 * What the commands ask for, in the words of the command line. `compose.ts` fills it with the real things, tests with
 * fakes. Errors are `KlabError`s; an abort rejects once everything is rolled back.
 */
export interface UseCases {
  createCluster(request: CreateRequest, run: Run): Promise<CreatedCluster>;
  /** Adds workers to a cluster that runs and answers their names. */
  addNodes(request: AddNodesRequest, run: Run): Promise<readonly string[]>;
  deleteNodes(names: readonly string[], run: Run): Promise<readonly string[]>;
  /** Throws CLUSTER_NOT_FOUND when there is no such cluster. */
  deleteCluster(cluster: string, kubeconfig: KubeconfigPlace, run: Run): Promise<DeletedCluster>;
  listClusters(run: Run): Promise<readonly ClusterSummary[]>;
  /** The nodes of one cluster (none when there is no such cluster), or of all. */
  listNodes(cluster: string | undefined, run: Run): Promise<readonly NodeSummary[]>;
  /** A kubeconfig for this cluster alone; `internal`: with the address that containers on its network reach. */
  getKubeconfig(cluster: string, internal: boolean, run: Run): Promise<string>;
  exportKubeconfig(
    cluster: string,
    internal: boolean,
    kubeconfig: KubeconfigPlace,
    run: Run,
  ): Promise<ExportedKubeconfig>;
  /** Runs a command in a node and answers its exit code. */
  execInNode(node: string, argv: readonly string[], io: ExecIo, run: Run): Promise<number>;
  loadImages(request: LoadRequest, run: Run): Promise<LoadedImages>;
  loadArchives(request: LoadRequest, run: Run): Promise<LoadedImages>;
  /** Writes the logs of every node into the folder and answers its absolute path. */
  exportLogs(cluster: string, folder: string, run: Run): Promise<string>;
  buildNodeImage(request: BuildRequest, run: Run): Promise<BuiltImage>;
  /** Installs a network on a cluster, or says with `dryRun` what that would do. */
  applyCni(request: CniApplyRequest, run: Run): Promise<AppliedCni>;
  cniStatus(cluster: string, run: Run): Promise<CniStatus>;
  /** `manifest`: whose objects are deleted, for a network that klab does not know. */
  removeCni(cluster: string, manifest: string | undefined, place: ManifestPlace, run: Run): Promise<RemovedCni>;
  /** `assignments`: NAME=VALUE each. All nodes have the new values, or all the old ones. */
  setSysctls(target: SysctlTarget, assignments: readonly string[], run: Run): Promise<readonly SysctlChange[]>;
  /** Without names: those that `setSysctls` made. */
  getSysctls(target: SysctlTarget, names: readonly string[], run: Run): Promise<readonly SysctlValue[]>;
  /** What the kubelets' journals tell, until the run is aborted (or, with `once`, until all is told). */
  watch(request: WatchRequest, run: Run): Promise<AsyncIterable<Heard>>;
  /** The same on klab's own terminal, until the user leaves. */
  watchAtTerminal(request: WatchRequest, run: Run): Promise<void>;
  /** The same for a browser on this machine, until the run is aborted; `onReady` is told the page's URL. */
  watchInBrowser(request: WatchRequest, onReady: (url: string) => void, run: Run): Promise<void>;
  /** `pod`: NAME or NAMESPACE/NAME. */
  explainPod(access: UserAccess, pod: string, run: Run): Promise<PodStory>;
}

/** Which cluster is meant, as its user reaches it. */
export interface UserAccess {
  readonly kubeconfig: KubeconfigPlace;
  /** Name of a klab cluster. */
  readonly cluster: string | undefined;
  readonly context: string | undefined;
  /** Undefined: the context's. */
  readonly namespace: string | undefined;
}

export interface WatchRequest extends UserAccess {
  /** Undefined: every node. */
  readonly node: string | undefined;
  /** NAME or NAMESPACE/NAME; undefined: all. */
  readonly pod: string | undefined;
  /** Also what happens every second. */
  readonly all: boolean;
  /** What is remembered and no more. */
  readonly once: boolean;
}

/** What a manifest's path is relative to, and what `-` reads. */
export interface ManifestPlace {
  readonly cwd: string;
  readonly stdin: () => Promise<string>;
}

export interface CniApplyRequest extends ManifestPlace {
  readonly cluster: string;
  readonly request: CniRequest;
  readonly encapsulation: Encapsulation | 'auto';
  /** What the manifest's bytes must have; undefined: not given. */
  readonly sha256: string | undefined;
  readonly dryRun: boolean;
  /** How long the network may take until nodes are Ready and traffic flows; 0: do not wait. */
  readonly waitMs: number;
  /** Leave what was applied when something fails. */
  readonly retain: boolean;
}

/** What every use case is given besides its request. */
export interface Run {
  readonly progress: Progress;
  /** Ctrl-C: work stops, and what was begun is undone. */
  readonly signal: AbortSignal;
}

export interface CreateRequest {
  readonly config: ClusterConfig;
  /** How long the cluster may take to be usable; 0: do not wait for that. */
  readonly waitMs: number;
  /** Keep what there is when something fails, to look at it. */
  readonly retain: boolean;
  readonly kubeconfig: KubeconfigPlace;
  /** Reads standard input, where the network's manifest is `-`. */
  readonly stdin?: () => Promise<string>;
}

export interface AddNodesRequest {
  readonly cluster: string;
  readonly count: number;
  /** 0: do not wait. */
  readonly waitMs: number;
  readonly retain: boolean;
}

export interface CreatedCluster {
  readonly name: string;
  /** The file the context was added to. */
  readonly kubeconfigPath: string;
  readonly context: string;
  /** URL of the API server, from this machine. */
  readonly apiServer: string;
  readonly nodes: readonly string[];
}

export interface DeletedCluster {
  readonly nodes: readonly string[];
}

export interface ClusterSummary {
  readonly name: string;
  readonly nodes: number;
}

export interface NodeSummary {
  readonly name: string;
  readonly cluster: string;
  readonly role: string;
  /** State of the container: running, exited… */
  readonly state: string;
  readonly image: string;
  readonly address: string | undefined;
}

export interface ExportedKubeconfig {
  readonly path: string;
  readonly context: string;
}

/** How klab's own streams are joined to a command on a node. */
export interface ExecIo {
  /** Whether it reads klab's standard input; otherwise it reads nothing. */
  readonly stdin: boolean;
  /** Whether it gets a terminal, in the size of klab's. */
  readonly tty: boolean;
}

export interface LoadRequest {
  readonly cluster: string;
  /** Image references, or paths of archives. */
  readonly sources: readonly string[];
  /** Names of nodes; empty: all of the cluster's. */
  readonly nodes: readonly string[];
}

export interface LoadedImages {
  readonly images: readonly string[];
  readonly nodes: readonly string[];
}

export interface BuildRequest {
  /** Undefined: klab's default name for the version it builds. */
  readonly image: string | undefined;
  /** Parts that the image can do without, like upstream-kubelet. */
  readonly withoutParts: readonly string[];
}

export interface BuiltImage {
  readonly image: string;
  readonly parts: readonly { readonly name: string; readonly ms: number; readonly cached: boolean }[];
}
