import type { Pod } from '../../api/types.ts';
import type { PodSandboxConfig } from '../../cri/port.ts';
import { listContainers, nameOf, namespaceOf, podLogFolder, uidOf } from '../pod-facts.ts';
import type { DnsConfig } from './dns.ts';
import { labels } from './labels.ts';
import { podOverhead, podResources, sumResources } from './resources.ts';
import { appArmorProfile, namespaceOptions, seLinuxOptions, type UserNamespace } from './security-context.ts';

export interface SandboxInputs {
  readonly attempt: number;
  /** Empty on the host's network. */
  readonly hostname: string;
  readonly logsRoot: string;
  readonly dns: DnsConfig;
  /** In the driver's notation; empty without pod cgroups. */
  readonly cgroupParent: string;
  readonly supplementalGroups: readonly number[];
  readonly userNamespace?: UserNamespace | undefined;
  readonly cfsQuota: boolean;
  readonly cfsPeriodMicros: number;
}

const protocols: Readonly<Record<string, 0 | 1 | 2>> = { TCP: 0, UDP: 1, SCTP: 2 };

/** The pod's sandbox in CRI's words. */
export function renderSandboxConfig(pod: Pod, inputs: SandboxInputs): PodSandboxConfig {
  return {
    metadata: { name: nameOf(pod), namespace: namespaceOf(pod), uid: uidOf(pod), attempt: inputs.attempt },
    hostname: inputs.hostname,
    logDirectory: `${inputs.logsRoot}/${podLogFolder(pod)}`,
    dnsConfig: {
      servers: [...inputs.dns.servers],
      searches: [...inputs.dns.searches],
      options: [...inputs.dns.options],
    },
    portMappings: renderPortMappings(pod),
    labels: {
      ...pod.metadata?.labels,
      [labels.podName]: nameOf(pod),
      [labels.podNamespace]: namespaceOf(pod),
      [labels.podUid]: uidOf(pod),
    },
    annotations: { ...pod.metadata?.annotations },
    linux: {
      cgroupParent: inputs.cgroupParent,
      sysctls: Object.fromEntries(
        (pod.spec?.securityContext?.sysctls ?? []).map(({ name, value }) => [name.replaceAll('/', '.'), value]),
      ),
      overhead: podOverhead(pod, inputs),
      resources: podResources(sumResources(pod), inputs),
      securityContext: renderSecurity(pod, inputs),
    },
    windows: undefined,
  };
}

function renderSecurity(pod: Pod, inputs: SandboxInputs): NonNullable<PodSandboxConfig['linux']>['securityContext'] {
  const context = pod.spec?.securityContext;
  return {
    namespaceOptions: namespaceOptions(pod, inputs.userNamespace),
    selinuxOptions: seLinuxOptions(context?.seLinuxOptions),
    runAsUser: int64(context?.runAsUser),
    runAsGroup: int64(context?.runAsGroup),
    readonlyRootfs: false,
    supplementalGroups: inputs.supplementalGroups.map(BigInt),
    supplementalGroupsPolicy: context?.supplementalGroupsPolicy === 'Strict' ? 1 : 0,
    privileged: listContainers(pod).some(({ container }) => container.securityContext?.privileged === true),
    seccomp: { profileType: 0, localhostRef: '' },
    apparmor: appArmorProfile(context?.appArmorProfile),
    seccompProfilePath: '',
  };
}

export const int64 = (value: number | undefined): { value: bigint } | undefined =>
  value === undefined ? undefined : { value: BigInt(value) };

/** Ports of all containers; of two with the same name the first counts. */
function renderPortMappings(pod: Pod): PodSandboxConfig['portMappings'] {
  const names = new Set<string>();
  const mappings: PodSandboxConfig['portMappings'] = [];
  for (const { container } of listContainers(pod)) {
    for (const port of container.ports ?? []) {
      const key = `${container.name}-${port.name || `${port.protocol ?? 'TCP'}:${port.hostIP ?? ''}:${port.containerPort}:${port.hostPort ?? 0}`}`;
      if (names.has(key)) continue;
      names.add(key);
      mappings.push({
        protocol: protocols[port.protocol ?? 'TCP'] ?? 0,
        containerPort: port.containerPort,
        hostPort: port.hostPort ?? 0,
        hostIp: port.hostIP ?? '',
      });
    }
  }
  return mappings;
}
