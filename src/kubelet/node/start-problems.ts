import { isLabelValue, isQualifiedName, type KubeletConfiguration } from '../config/index.ts';
import { forbiddenLabels } from './register.ts';

export interface StartInput {
  readonly nodeName: string;
  readonly nodeLabels: Readonly<Record<string, string>>;
  /** No --kubeconfig: there is no API server to ask. */
  readonly standalone: boolean;
  readonly swapBytes: number;
  readonly cgroupVersion: 1 | 2;
  readonly config: Pick<KubeletConfiguration, 'failSwapOn' | 'failCgroupV1' | 'authentication' | 'authorization'>;
}

/** Why a kubelet with a valid configuration cannot run on this machine in this way; none when it can. */
export function startProblems(input: StartInput): readonly string[] {
  const { config } = input;
  const labels = forbiddenLabels(input.nodeLabels);
  const noLabels = Object.entries(input.nodeLabels)
    .filter(([key, value]) => !isQualifiedName(key) || !isLabelValue(value))
    .map(([key, value]) => `${key}=${value}`);
  const rules: readonly (readonly [boolean, string])[] = [
    [input.nodeName === '', 'the node has no name: set --hostname-override'],
    [
      labels.length > 0,
      `unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: ${labels.join(', ')}: a kubelet may not give them to itself; use kubectl label node`,
    ],
    [noLabels.length > 0, `invalid node labels: ${noLabels.join(', ')}`],
    [
      config.failSwapOn && input.swapBytes > 0,
      'running with swap on is not supported: turn it off with swapoff -a, or set failSwapOn (--fail-swap-on) to false',
    ],
    [
      config.failCgroupV1 && input.cgroupVersion === 1,
      'the kubelet is configured to not run on a host using cgroup v1: set failCgroupV1 (--fail-cgroupv1) to false',
    ],
    [
      input.standalone && config.authentication.webhook.enabled,
      'no API server to authenticate with: set authentication.webhook.enabled to false, or give --kubeconfig',
    ],
    [
      input.standalone && config.authorization.mode === 'Webhook',
      'no API server to authorize with: set authorization.mode to AlwaysAllow, or give --kubeconfig',
    ],
  ];
  return rules.filter(([wrong]) => wrong).map(([, problem]) => problem);
}
