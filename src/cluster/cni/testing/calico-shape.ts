import { stringify } from 'yaml';
import { type CalicoShape, image, nodeDaemonSet } from './calico-node-shape.ts';

export type { CalicoShape };

/**
 * A manifest in the shape of Calico's calico.yaml: the same kinds, names, containers and settings, with short CRDs and
 * rules. Comments stand where fitting must not lose them.
 */
export function calicoShape(shape: CalicoShape = {}): string {
  const { without = [] } = shape;
  return [...settings(shape), ...crds(), ...access(), nodeDaemonSet(shape), stringify(controllers(shape))]
    .filter((text) => !without.some((name) => text.includes(`name: ${name}\n`)))
    .join('---\n');
}

const meta = (name: string) => ({ name, namespace: 'kube-system' });

const account = (name: string) => stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta(name) });

function settings({ encapsulation = 'ipip' }: CalicoShape): readonly string[] {
  const config = `# How this installation is configured.
kind: ConfigMap
apiVersion: v1
metadata:
  name: calico-config
  namespace: kube-system
data:
  # Which routing there is.
  calico_backend: "${encapsulation === 'vxlan' ? 'vxlan' : 'bird'}"
  # 0: found out by itself.
  veth_mtu: "0"
  cni_network_config: |-
    {
      "name": "k8s-pod-network",
      "cniVersion": "0.3.1",
      "plugins": [
        {
          "type": "calico",
          "datastore_type": "kubernetes",
          "nodename": "__KUBERNETES_NODE_NAME__",
          "mtu": __CNI_MTU__,
          "ipam": {"type": "calico-ipam"},
          "policy": {"type": "k8s"},
          "kubernetes": {"kubeconfig": "__KUBECONFIG_FILEPATH__"}
        },
        {"type": "portmap", "snat": true, "capabilities": {"portMappings": true}}
      ]
    }
`;
  const selector = { matchLabels: { 'k8s-app': 'calico-kube-controllers' } };
  return [
    stringify({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: meta('calico-kube-controllers'),
      spec: { maxUnavailable: 1, selector },
    }),
    account('calico-kube-controllers'),
    account('calico-node'),
    account('calico-cni-plugin'),
    config,
  ];
}

const crds = () =>
  ['IPPool', 'FelixConfiguration', 'BlockAffinity', 'IPAMBlock', 'ClusterInformation'].map((kind) => {
    const singular = kind.toLowerCase();
    const plural = singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`;
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    return stringify({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.crd.projectcalico.org` },
      spec: {
        group: 'crd.projectcalico.org',
        names: { kind, listKind: `${kind}List`, plural, singular },
        scope: 'Cluster',
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
      // The published one has such leftovers of its generator.
      ...(kind === 'IPPool'
        ? { status: { acceptedNames: { kind: '', plural: '' }, conditions: null, storedVersions: null } }
        : {}),
    });
  });

function access(): readonly string[] {
  const roles = {
    'calico-kube-controllers': [{ apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['get', 'list', 'watch'] }],
    'calico-node': [
      { apiGroups: [''], resources: ['nodes', 'pods', 'namespaces'], verbs: ['get', 'list', 'watch'] },
      {
        apiGroups: [''],
        resources: ['serviceaccounts/token'],
        resourceNames: ['calico-cni-plugin'],
        verbs: ['create'],
      },
    ],
    'calico-cni-plugin': [{ apiGroups: [''], resources: ['nodes', 'pods', 'namespaces'], verbs: ['get'] }],
  };
  return Object.entries(roles).flatMap(([name, rules]) => [
    stringify({ kind: 'ClusterRole', apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name }, rules }),
    stringify({
      kind: 'ClusterRoleBinding',
      apiVersion: 'rbac.authorization.k8s.io/v1',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', ...meta(name) }],
    }),
  ]);
}

function controllers(shape: CalicoShape) {
  const labels = { 'k8s-app': 'calico-kube-controllers' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...meta('calico-kube-controllers'), labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      strategy: { type: 'Recreate' },
      template: {
        metadata: { labels },
        spec: {
          tolerations: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
          serviceAccountName: 'calico-kube-controllers',
          priorityClassName: 'system-cluster-critical',
          containers: [
            {
              name: 'calico-kube-controllers',
              image: image(shape, 'kube-controllers'),
              env: [{ name: 'ENABLED_CONTROLLERS', value: 'node,loadbalancer' }],
              readinessProbe: { exec: { command: ['/usr/bin/check-status', '-r'] } },
            },
          ],
        },
      },
    },
  };
}
