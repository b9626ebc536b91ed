import type { Pod } from '../../api/types.ts';
import type { ContainerConfig } from '../../cri/port.ts';
import type { RunnableContainer } from '../parts.ts';
import { describePod, isHostNetwork } from '../pod-facts.ts';
import { containerConfigError } from './errors.ts';

type LinuxSecurity = NonNullable<NonNullable<ContainerConfig['linux']>['securityContext']>;
type NamespaceOptions = NonNullable<LinuxSecurity['namespaceOptions']>;
type SecurityProfile = NonNullable<LinuxSecurity['seccomp']>;
/** Whose users the pod's are, in CRI's words. */
export type UserNamespace = NonNullable<NamespaceOptions['usernsOptions']>;

/** CRI's NamespaceMode. */
const namespaceMode = { pod: 0, container: 1, node: 2, target: 3 } as const;
/** CRI's SecurityProfile.ProfileType. */
const profileType = { runtimeDefault: 0, unconfined: 1, localhost: 2 } as const;

/** The kernel's paths that a container does not see, or may not write, unless its procMount is Unmasked. */
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** The namespaces the pod's containers share with the node or with one another. */
export function namespaceOptions(
  pod: Pod,
  usernsOptions: UserNamespace | undefined,
  targetId?: string,
): NamespaceOptions {
  const spec = pod.spec;
  const pid = spec?.hostPID === true ? 'node' : spec?.shareProcessNamespace === true ? 'pod' : 'container';
  const targeted = targetId !== undefined && pid === 'container';
  return {
    network: isHostNetwork(pod) ? namespaceMode.node : namespaceMode.pod,
    pid: targeted ? namespaceMode.target : namespaceMode[pid],
    ipc: spec?.hostIPC === true ? namespaceMode.node : namespaceMode.pod,
    targetId: targeted ? targetId : '',
    usernsOptions,
  };
}

export const seLinuxOptions = (
  options: NonNullable<NonNullable<Pod['spec']>['securityContext']>['seLinuxOptions'],
): LinuxSecurity['selinuxOptions'] =>
  options && {
    user: options.user ?? '',
    role: options.role ?? '',
    type: options.type ?? '',
    level: options.level ?? '',
  };

interface Profile {
  readonly type: string;
  readonly localhostProfile?: string;
}

export const appArmorProfile = (profile: Profile | undefined): SecurityProfile | undefined => {
  switch (profile?.type) {
    case 'RuntimeDefault':
      return { profileType: profileType.runtimeDefault, localhostRef: '' };
    case 'Localhost':
      return { profileType: profileType.localhost, localhostRef: profile.localhostProfile ?? '' };
    case 'Unconfined':
      return { profileType: profileType.unconfined, localhostRef: '' };
    default:
      return undefined;
  }
};

/** The older form of the same, which some runtimes still read. */
function appArmorText(profile: Profile | undefined): string {
  switch (profile?.type) {
    case 'RuntimeDefault':
      return 'runtime/default';
    case 'Localhost':
      return `localhost/${profile.localhostProfile ?? ''}`;
    case 'Unconfined':
      return 'unconfined';
    default:
      return '';
  }
}

function seccompProfile(profile: Profile | undefined, seccompDefault: boolean, rootDir: string): SecurityProfile {
  switch (profile?.type) {
    case 'Localhost':
      return {
        profileType: profileType.localhost,
        localhostRef: `${rootDir}/seccomp/${profile.localhostProfile ?? ''}`,
      };
    case 'Unconfined':
      return { profileType: profileType.unconfined, localhostRef: '' };
    case 'RuntimeDefault':
      return { profileType: profileType.runtimeDefault, localhostRef: '' };
    default:
      return { profileType: seccompDefault ? profileType.runtimeDefault : profileType.unconfined, localhostRef: '' };
  }
}

/** The user an image runs as: a number, or a name that only the image's own passwd knows. */
export interface ImageUser {
  readonly uid: number | undefined;
  readonly username: string;
}

export interface SecurityInputs {
  readonly imageUser: ImageUser;
  readonly targetId: string | undefined;
  readonly userNamespace?: UserNamespace | undefined;
  readonly supplementalGroups: readonly number[];
  readonly seccompDefault: boolean;
  readonly rootDir: string;
  /** Paths of this machine that are masked like the others: its CPUs' own. */
  readonly maskedPaths: readonly string[];
}

/** The container's security context in CRI's words, its own settings before the pod's. */
export function renderSecurityContext(pod: Pod, container: RunnableContainer, inputs: SecurityInputs): LinuxSecurity {
  const own = container.securityContext;
  const pods = pod.spec?.securityContext;
  const runAsUser = own?.runAsUser ?? pods?.runAsUser;
  const runAsGroup = own?.runAsGroup ?? pods?.runAsGroup;
  const { uid, username } = inputs.imageUser;
  const named = runAsUser === undefined && uid === undefined && username !== '';
  const effectiveUid = runAsUser ?? uid ?? (named ? undefined : 0);
  const unmasked = own?.procMount === 'Unmasked';
  return {
    capabilities:
      own?.capabilities === undefined
        ? undefined
        : {
            addCapabilities: [...(own.capabilities.add ?? [])],
            dropCapabilities: [...(own.capabilities.drop ?? [])],
            addAmbientCapabilities: [],
          },
    privileged: own?.privileged === true,
    namespaceOptions: namespaceOptions(pod, inputs.userNamespace, inputs.targetId),
    selinuxOptions: seLinuxOptions(own?.seLinuxOptions ?? pods?.seLinuxOptions),
    runAsUser: effectiveUid === undefined ? undefined : { value: BigInt(effectiveUid) },
    runAsGroup: runAsGroup === undefined ? undefined : { value: BigInt(runAsGroup) },
    runAsUsername: named ? username : '',
    readonlyRootfs: own?.readOnlyRootFilesystem === true,
    supplementalGroups: inputs.supplementalGroups.map(BigInt),
    supplementalGroupsPolicy: pods?.supplementalGroupsPolicy === 'Strict' ? 1 : 0,
    noNewPrivs: own?.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : [...maskedPaths, ...inputs.maskedPaths],
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp:
      own?.privileged === true
        ? undefined
        : seccompProfile(own?.seccompProfile ?? pods?.seccompProfile, inputs.seccompDefault, inputs.rootDir),
    apparmor: appArmorProfile(own?.appArmorProfile ?? pods?.appArmorProfile),
    apparmorProfile: appArmorText(own?.appArmorProfile ?? pods?.appArmorProfile),
    seccompProfilePath: '',
  };
}

/** Refuses a container that must not run as root and would. Throws a CreateContainerConfigError. */
export function verifyRunAsNonRoot(pod: Pod, container: RunnableContainer, { uid, username }: ImageUser): void {
  const own = container.securityContext;
  const pods = pod.spec?.securityContext;
  if ((own?.runAsNonRoot ?? pods?.runAsNonRoot) !== true) return;
  const who = `(pod: ${JSON.stringify(describePod(pod))}, container: ${container.name})`;
  const runAsUser = own?.runAsUser ?? pods?.runAsUser;
  if (runAsUser === 0) throw containerConfigError(`container's runAsUser breaks non-root policy ${who}`);
  if (runAsUser !== undefined) return;
  // An image that names no user runs as root.
  if (uid === 0 || (uid === undefined && username === ''))
    throw containerConfigError(`container has runAsNonRoot and image will run as root ${who}`);
  if (uid === undefined && username !== '') {
    throw containerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${username}), cannot verify user is non-root ${who}`,
    );
  }
}

/** Groups of every container: fsGroup, then the pod's own, without repeats. */
export function supplementalGroups(pod: Pod, volumeGroups: readonly number[] = []): readonly number[] {
  const context = pod.spec?.securityContext;
  const groups = [context?.fsGroup, ...volumeGroups, ...(context?.supplementalGroups ?? [])];
  return [...new Set(groups.filter((gid) => gid !== undefined))];
}
