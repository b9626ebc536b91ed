import type { Node, NodeStatus } from '../../api/types.ts';
import type { Taint } from '../config/index.ts';

export interface NewNodeInput {
  readonly name: string;
  readonly architecture: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly providerId: string;
  readonly controllerAttachDetach: boolean;
  readonly externalCloudProvider: boolean;
  readonly status: NodeStatus;
}

const attachDetach = 'volumes.kubernetes.io/controller-managed-attach-detach';
const uninitialized: Taint = {
  key: 'node.cloudprovider.kubernetes.io/uninitialized',
  value: 'true',
  effect: 'NoSchedule',
};

/** Labels that every kubelet gives its node. */
export const defaultLabels = (name: string, architecture: string): Record<string, string> => ({
  'beta.kubernetes.io/arch': architecture,
  'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': architecture,
  'kubernetes.io/hostname': name,
  'kubernetes.io/os': 'linux',
});

/** The Node object as the kubelet creates it. */
export function renderNewNode(input: NewNodeInput): Node {
  const taints = [...input.taints, ...(input.externalCloudProvider ? [uninitialized] : [])];
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: input.name,
      labels: { ...defaultLabels(input.name, input.architecture), ...input.labels },
      ...(input.controllerAttachDetach ? { annotations: { [attachDetach]: 'true' } } : {}),
    },
    spec: {
      ...(input.providerId === '' ? {} : { providerID: input.providerId }),
      ...(taints.length === 0 ? {} : { taints: taints.map((taint) => ({ ...taint })) }),
    },
    status: input.status,
  };
}

/** What must be corrected on a Node that was there before; undefined when it is as it should be. */
export function reconcileExisting(node: Node, input: NewNodeInput): unknown {
  const wanted = { ...defaultLabels(input.name, input.architecture), ...pickDefaults(input) };
  const labels = Object.fromEntries(
    Object.entries(wanted).filter(([key, value]) => node.metadata?.labels?.[key] !== value),
  );
  const managed = node.metadata?.annotations?.[attachDetach] === 'true';
  const annotations =
    input.controllerAttachDetach === managed ? {} : { [attachDetach]: input.controllerAttachDetach ? 'true' : null };
  if (Object.keys(labels).length === 0 && Object.keys(annotations).length === 0) return undefined;
  return { metadata: { labels, annotations } };
}

/** Default labels that --node-labels gives other values. */
const pickDefaults = ({ labels, name, architecture }: NewNodeInput): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => key in defaultLabels(name, architecture)));

const allowedKeys = [
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
];

/** Keys of --node-labels that a kubelet must not give itself, so that no node can draw pods meant for others. */
export function forbiddenLabels(labels: Readonly<Record<string, string>>): readonly string[] {
  const within = (domain: string, parent: string) => domain === parent || domain.endsWith(`.${parent}`);
  return Object.keys(labels).filter((key) => {
    const domain = key.includes('/') ? (key.split('/')[0] ?? '') : '';
    const guarded = within(domain, 'kubernetes.io') || within(domain, 'k8s.io');
    const free = within(domain, 'kubelet.kubernetes.io') || within(domain, 'node.kubernetes.io');
    return guarded && !free && !allowedKeys.includes(key);
  });
}
