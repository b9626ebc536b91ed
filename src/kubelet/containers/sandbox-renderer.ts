import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { PodSandboxConfig } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import { describePod, isHostNetwork, podLogFolder, podReference } from '../pod-facts.ts';
import { computePodDns } from './dns.ts';
import { readHostDns } from './host-dns.ts';
import { computeHostname } from './hostname.ts';
import { renderSandboxConfig } from './sandbox-config.ts';
import { supplementalGroups, type UserNamespace } from './security-context.ts';

export interface SandboxRendererOptions {
  readonly journal: Journal;
  readonly nodeName: string;
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
  const { journal, nodeName, resolvConf, clusterDns, clusterDomain } = options;

  return async (pod, attempt) => {
    const dns = computePodDns(pod, { host: await readHostDns(resolvConf), clusterDns, clusterDomain });
    for (const message of dns.forming) journal.write({ kind: 'pod.dnsForming', object: podReference(pod), message });
    if (dns.missingClusterDns) {
      const message =
        'kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. Falling back to "Default" policy.';
      journal.write({ kind: 'node.dnsMissing', node: nodeName, message });
      journal.write({
        kind: 'pod.dnsMissing',
        object: podReference(pod),
        message: `pod: "${describePod(pod)}". ${message}`,
      });
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
