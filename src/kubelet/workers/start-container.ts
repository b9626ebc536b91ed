import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Cri, PodSandboxConfig } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import { containerLogPath, type PluginAdditions, renderContainerConfig } from '../containers/container-config.ts';
import { logLinkName } from '../containers/container-logs.ts';
import { containerConfigError, StartFailure } from '../containers/errors.ts';
import { computeHostname } from '../containers/hostname.ts';
import { placeOwnMounts } from '../containers/own-mounts.ts';
import { type ContainerResourceInputs, containerResources } from '../containers/resources.ts';
import { type ImageUser, verifyRunAsNonRoot } from '../containers/security-context.ts';
import { volumeDevices } from '../containers/volume-devices.ts';
import type { ObservedPod } from '../observed.ts';
import type { ContainerInputs, ImageManager, MountedVolumes, RunnableContainer } from '../parts.ts';
import {
  type ContainerList,
  containerReference,
  describePod,
  logNameOf,
  nameOf,
  namespaceOf,
  podLogFolder,
  podReference,
} from '../pod-facts.ts';
import type { Placement } from '../topology/index.ts';
import { describeHookFailure, runHook } from './hooks.ts';
import type { Terminator } from './termination.ts';

export interface StarterOptions {
  readonly cri: Pick<Cri, 'createContainer' | 'startContainer' | 'execSync' | 'imageStatus'>;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly images: ImageManager;
  readonly terminator: Pick<Terminator, 'stopContainer'>;
  readonly inputs: Pick<ContainerInputs, 'environment' | 'mounts'>;
  /** What device plugins add to the container. */
  readonly devices: (pod: Pod, container: RunnableContainer) => Promise<PluginAdditions>;
  /** The CPUs and NUMA nodes that the container is bound to. */
  readonly startOn: Placement['startOn'];
  readonly resources: () => ContainerResourceInputs;
  readonly rootDir: string;
  /** `/var/log/pods`. */
  readonly logsRoot: string;
  /** `/var/log/containers`: links by pod, container and ID. */
  readonly logLinks: string;
  readonly clusterDomain: string;
  readonly seccompDefault: boolean;
  readonly version: string;
}

export interface StartTask {
  readonly pod: Pod;
  readonly list: ContainerList;
  readonly container: RunnableContainer;
  readonly sandboxId: string;
  readonly sandbox: PodSandboxConfig;
  readonly podIps: readonly string[];
  readonly volumes: MountedVolumes;
  readonly seen: ObservedPod;
  readonly signal: AbortSignal;
}

export type StartContainer = (task: StartTask) => Promise<void>;

/**
 * Starts one container: image, configuration, creation, start, postStart hook. Rejects with a `StartFailure`, whose
 * reason and message become the container's waiting state.
 */
export function containerStarter(options: StarterOptions): StartContainer {
  const { cri, clock, journal } = options;
  const imageUsers = new Map<string, ImageUser>();
  const maskedPaths = cpus()
    .map((_cpu, i) => `/sys/devices/system/cpu/cpu${i}/thermal_throttle`)
    .filter((path) => existsSync(path));

  /** An image's ID stands for its content, so its user is asked for once. */
  async function imageUserOf(imageRef: string): Promise<ImageUser> {
    const known = imageUsers.get(imageRef);
    if (known !== undefined) return known;
    const { image } = await cri.imageStatus({ image: imageRef }, false);
    const user = {
      uid: image?.uid === undefined ? undefined : Number(image.uid.value),
      username: image?.username ?? '',
    };
    imageUsers.set(imageRef, user);
    return user;
  }

  async function restartCountOf({ pod, container, seen }: StartTask): Promise<number> {
    const last = seen.containers.find(({ name }) => name === container.name);
    if (last !== undefined) return last.restartCount + 1;
    const folder = join(options.logsRoot, podLogFolder(pod), container.name);
    return nextCountFromLogs(await readdir(folder).catch(() => []));
  }

  function targetOf({ container, seen }: StartTask): string | undefined {
    const target = container.targetContainerName;
    if (target === undefined || target === '') return undefined;
    const found = seen.containers.find(({ name }) => name === target);
    if (found === undefined) throw containerConfigError(`unable to find target container ${target}`);
    return found.id;
  }

  async function configure(task: StartTask, imageRef: string, restartCount: number) {
    const { pod, container, podIps, volumes } = task;
    try {
      const targetId = targetOf(task);
      const imageUser = await imageUserOf(imageRef);
      verifyRunAsNonRoot(pod, container, imageUser);
      const environment = await options.inputs.environment(pod, container, podIps, volumes);
      const { hostname, domain } = computeHostname(pod, options.clusterDomain);
      const [fromPlugins, volumeMounts, ownMounts] = await Promise.all([
        options.devices(pod, container),
        options.inputs.mounts(pod, container, environment, volumes),
        placeOwnMounts(pod, container, { rootDir: options.rootDir, podIps, hostname, domain }),
        mkdir(join(options.logsRoot, podLogFolder(pod), container.name), { recursive: true, mode: 0o755 }),
      ]);
      return renderContainerConfig(pod, container, {
        restartCount,
        imageRef,
        imageUser,
        environment,
        mounts: [...volumeMounts, ...ownMounts],
        volumeDevices: volumeDevices(container, volumes),
        resources: {
          ...containerResources(pod, container, options.resources()),
          ...options.startOn(pod, container),
        },
        targetId,
        userNamespace: task.sandbox.linux?.securityContext?.namespaceOptions?.usernsOptions,
        volumeGroups: [],
        seccompDefault: options.seccompDefault,
        rootDir: options.rootDir,
        fromPlugins,
        maskedPaths,
      });
    } catch (error) {
      if (error instanceof StartFailure) throw error;
      throw containerConfigError(messageOf(error), error);
    }
  }

  async function linkLog({ pod, container }: StartTask, id: string, restartCount: number): Promise<void> {
    const log = join(options.logsRoot, podLogFolder(pod), containerLogPath(container.name, restartCount));
    const link = join(options.logLinks, logLinkName(nameOf(pod), namespaceOf(pod), container.name, id));
    await rm(link, { force: true });
    await symlink(log, link);
  }

  async function postStart(task: StartTask, id: string): Promise<void> {
    const { pod, container, podIps, signal } = task;
    const handler = container.lifecycle?.postStart;
    if (handler === undefined) return;
    try {
      const target = { containerId: id, ports: container.ports, podIp: podIps[0] ?? '' };
      const onFallback = (host: string) => journal.write({ kind: 'pod.hookFellBack', object: podReference(pod), host });
      await runHook(handler, target, { cri, clock, version: options.version, onFallback }, signal);
    } catch (error) {
      const message = describeHookFailure(handler, container.name, describePod(pod), error);
      journal.write({
        kind: 'pod.hookFailed',
        hook: 'postStart',
        object: containerReference(pod, container.name),
        container: container.name,
        error: message,
      });
      const started = { id, name: container.name, annotations: {} };
      const asked = { message: 'FailedPostStartHook' };
      await options.terminator.stopContainer(pod, started, podIps[0] ?? '', asked, signal).catch(() => undefined);
      throw new StartFailure('PostStartHookError', message, { cause: error });
    }
  }

  return async (task) => {
    const { pod, container, signal } = task;
    const object = containerReference(pod, container.name);
    const startedAt = clock.now();
    try {
      const imageRef = await options.images.ensure(pod, container, task.sandbox, signal);
      const restartCount = await restartCountOf(task);
      const config = await configure(task, imageRef, restartCount);
      signal.throwIfAborted();
      const createdFrom = clock.now();
      const id = await cri.createContainer(task.sandboxId, config, task.sandbox).catch((error) => {
        throw new StartFailure('CreateContainerError', messageOf(error), { cause: error });
      });
      const ms = clock.now() - createdFrom;
      journal.write({ kind: 'pod.containerCreated', object, container: container.name, containerId: id, ms });
      await cri.startContainer(id).catch((error) => {
        throw new StartFailure('RunContainerError', messageOf(error), { cause: error });
      });
      journal.write({
        kind: 'pod.containerStarted',
        object,
        container: container.name,
        list: task.list,
        containerId: id,
        ms: clock.now() - startedAt,
      });
      await linkLog(task, id, restartCount).catch((error) =>
        journal.write({
          kind: 'pod.logLinkFailed',
          pod: logNameOf(pod),
          container: container.name,
          error: messageOf(error),
        }),
      );
      await postStart(task, id);
    } catch (error) {
      signal.throwIfAborted();
      const failure = error instanceof StartFailure ? error : containerConfigError(messageOf(error), error);
      journal.write({
        kind: 'pod.containerStartFailed',
        object,
        container: container.name,
        list: task.list,
        reason: failure.reason,
        message: failure.message,
      });
      throw failure;
    }
  };
}

/** With nothing of it left in the runtime, the count goes on from the newest log. */
export function nextCountFromLogs(files: readonly string[]): number {
  const counts = files.flatMap((file) => {
    const match = /^(\d+)\.log/.exec(file);
    return match === null ? [] : [Number(match[1])];
  });
  return counts.length === 0 ? 0 : Math.max(...counts) + 1;
}
