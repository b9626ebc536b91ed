import type { LifecycleHandler, Pod } from '../../api/types.ts';
import type { ContainerConfig, LinuxContainerResources } from '../../cri/port.ts';
import type { RunnableContainer } from '../parts.ts';
import { nameOf, namespaceOf, uidOf } from '../pod-facts.ts';
import { expandVariables } from './expansion.ts';
import { hashContainer } from './hash.ts';
import { annotations, labels } from './labels.ts';
import { type ImageUser, renderSecurityContext, supplementalGroups, type UserNamespace } from './security-context.ts';

/** What device plugins add to a container. */
export interface PluginAdditions {
  readonly envs: Readonly<Record<string, string>>;
  readonly mounts: readonly { readonly containerPath: string; readonly hostPath: string; readonly readOnly: boolean }[];
  readonly devices: readonly {
    readonly containerPath: string;
    readonly hostPath: string;
    readonly permissions: string;
  }[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly cdiDevices: readonly string[];
}

export interface ContainerConfigInputs {
  readonly restartCount: number;
  /** What the runtime calls the image (its ID), once it is there. */
  readonly imageRef: string;
  readonly imageUser: ImageUser;
  readonly environment: readonly { readonly key: string; readonly value: string }[];
  readonly mounts: ContainerConfig['mounts'];
  /** Raw block volumes. */
  readonly volumeDevices: ContainerConfig['devices'];
  readonly resources: LinuxContainerResources;
  /** ID of the container whose processes an ephemeral container looks at. */
  readonly targetId: string | undefined;
  /** The sandbox's. */
  readonly userNamespace?: UserNamespace | undefined;
  readonly volumeGroups: readonly number[];
  readonly seccompDefault: boolean;
  readonly rootDir: string;
  /** What device plugins add; absent: nothing. */
  readonly fromPlugins?: PluginAdditions;
  /** Paths of this machine that containers do not see. */
  readonly maskedPaths: readonly string[];
}

/** The container in CRI's words. */
export function renderContainerConfig(
  pod: Pod,
  container: RunnableContainer,
  inputs: ContainerConfigInputs,
): ContainerConfig {
  const { fromPlugins = noAdditions } = inputs;
  const variables = new Map(inputs.environment.map(({ key, value }) => [key, value]));
  const expand = (words: readonly string[] | undefined) =>
    (words ?? []).map((word) => expandVariables(word, (name) => variables.get(name)));
  return {
    metadata: { name: container.name, attempt: inputs.restartCount },
    image: {
      image: inputs.imageRef,
      userSpecifiedImage: container.image ?? '',
      annotations: {},
      runtimeHandler: '',
      imageRef: '',
    },
    command: expand(container.command),
    args: expand(container.args),
    workingDir: container.workingDir ?? '',
    // The pod's own variables win: they come later.
    envs: [...Object.entries(fromPlugins.envs).map(([key, value]) => ({ key, value })), ...inputs.environment].map(
      ({ key, value }) => ({ key, value: Buffer.from(value) }),
    ),
    mounts: [
      ...inputs.mounts.map((mount) => mapUsers(mount, inputs.userNamespace)),
      ...fromPlugins.mounts.map(renderPluginMount),
    ],
    devices: [...fromPlugins.devices.map((device) => ({ ...device })), ...inputs.volumeDevices],
    labels: {
      [labels.containerName]: container.name,
      [labels.podName]: nameOf(pod),
      [labels.podNamespace]: namespaceOf(pod),
      [labels.podUid]: uidOf(pod),
    },
    annotations: { ...renderAnnotations(pod, container, inputs.restartCount), ...fromPlugins.annotations },
    logPath: containerLogPath(container.name, inputs.restartCount),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    linux: {
      resources: inputs.resources,
      securityContext: renderSecurityContext(pod, container, {
        imageUser: inputs.imageUser,
        targetId: inputs.targetId,
        userNamespace: inputs.userNamespace,
        supplementalGroups: supplementalGroups(pod, inputs.volumeGroups),
        seccompDefault: inputs.seccompDefault,
        rootDir: inputs.rootDir,
        maskedPaths: inputs.maskedPaths,
      }),
    },
    windows: undefined,
    CDIDevices: fromPlugins.cdiDevices.map((name) => ({ name })),
    stopSignal: 0,
  };
}

const noAdditions: PluginAdditions = { envs: {}, mounts: [], devices: [], annotations: {}, cdiDevices: [] };

const renderPluginMount = ({
  containerPath,
  hostPath,
  readOnly,
}: PluginAdditions['mounts'][number]): ContainerConfig['mounts'][number] => ({
  containerPath,
  hostPath,
  readonly: readOnly,
  selinuxRelabel: false,
  propagation: 0,
  uidMappings: [],
  gidMappings: [],
  recursiveReadOnly: false,
  image: undefined,
  imageSubPath: '',
  mountOptions: [],
});

/** Files that belong to a user of the pod on the node's disk are shown to the container as that user's. */
const mapUsers = (
  mount: ContainerConfig['mounts'][number],
  users: UserNamespace | undefined,
): ContainerConfig['mounts'][number] =>
  users === undefined ? mount : { ...mount, uidMappings: users.uids, gidMappings: users.gids };

/** Relative to the sandbox's log directory. */
export const containerLogPath = (name: string, restartCount: number): string => `${name}/${restartCount}.log`;

/** What a restarted kubelet needs to stop the container properly, even when the pod's spec is gone by then. */
function renderAnnotations(pod: Pod, container: RunnableContainer, restartCount: number): Record<string, string> {
  const preStop: LifecycleHandler | undefined = container.lifecycle?.preStop;
  const deletionGrace = pod.metadata?.deletionGracePeriodSeconds;
  const grace = pod.spec?.terminationGracePeriodSeconds;
  return {
    [annotations.hash]: hashContainer(container),
    [annotations.restartCount]: String(restartCount),
    [annotations.terminationMessagePath]: container.terminationMessagePath ?? '/dev/termination-log',
    [annotations.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
    ...(deletionGrace === undefined ? {} : { [annotations.deletionGracePeriod]: String(deletionGrace) }),
    ...(grace === undefined ? {} : { [annotations.terminationGracePeriod]: String(grace) }),
    ...(preStop === undefined ? {} : { [annotations.preStopHandler]: JSON.stringify(preStop) }),
    ...(container.ports === undefined || container.ports.length === 0
      ? {}
      : { [annotations.ports]: JSON.stringify(container.ports) }),
  };
}
