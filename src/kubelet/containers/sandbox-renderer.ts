import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { PodSandboxConfig } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import { isHostNetwork, podLogFolder, podReference } from '../pod-facts.ts';
import { computePodDns, type DnsConfig, noHostDns, parseResolvConf } from './dns.ts';
import { computeHostname } from './hostname.ts';
import { renderSandboxConfig } from './sandbox-config.ts';
import { supplementalGroups, type UserNamespace } from './security-context.ts';

export interface SandboxRendererOptions {
  readonly journal: Journal;
  readonly logsRoot: string;
  /** The node's resolver file; empty: none. */
  readonly resolvConf: string;
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  readonly cgroupParent: (pod: Pod) => string;
  /** Whose users the pod's are; absent: the runtime decides. Rejects when the pod cannot have its own. */
  readonly userNamespaceOf?: (pod: Pod) => Promise<UserNamespace>;
  readonly cfsQuota: boolean;
  readonly cfsPeriodMicros: number;
}

/** Answers each pod's sandbox in CRI's words, and makes the folder its logs will be in. */
export function sandboxRenderer(
  options: SandboxRendererOptions,
): (pod: Pod, attempt: number) => Promise<PodSandboxConfig> {
  const { journal, resolvConf, clusterDns, clusterDomain } = options;

  const hostDns = async (): Promise<DnsConfig> =>
    resolvConf === '' ? noHostDns(false) : parseResolvConf(await readFile(resolvConf, 'utf8'));

  return async (pod, attempt) => {
    const dns = computePodDns(pod, { host: await hostDns(), clusterDns, clusterDomain });
    if (dns.forming !== undefined)
      journal.write({ kind: 'pod.dnsForming', object: podReference(pod), message: dns.forming });
    if (dns.missingClusterDns) {
      const message = `pod: "${podLogFolder(pod)}". kubelet does not have ClusterDNS IP configured and cannot create Pod using "${pod.spec?.dnsPolicy ?? 'ClusterFirst'}" policy. Falling back to "Default" policy.`;
      journal.write({ kind: 'pod.dnsMissing', object: podReference(pod), message });
    }
    await mkdir(join(options.logsRoot, podLogFolder(pod)), { recursive: true, mode: 0o755 });
    return renderSandboxConfig(pod, {
      attempt,
      hostname: isHostNetwork(pod) ? '' : computeHostname(pod, clusterDomain).nodename,
      logsRoot: options.logsRoot,
      dns,
      cgroupParent: options.cgroupParent(pod),
      supplementalGroups: supplementalGroups(pod),
      userNamespace: await options.userNamespaceOf?.(pod),
      cfsQuota: options.cfsQuota,
      cfsPeriodMicros: options.cfsPeriodMicros,
    });
  };
}
