import { stringify } from 'yaml';

export interface CalicoShape {
  readonly version?: string;
  readonly registry?: string;
  /** How traffic between nodes is wrapped as the manifest is published. */
  readonly encapsulation?: 'ipip' | 'vxlan';
  /** Left out, to make a manifest that is not Calico's. */
  readonly without?: readonly string[];
}

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

const image = ({ version = 'v3.33.1', registry = 'quay.io/calico' }: CalicoShape, name: string) =>
  `${registry}/${name}:${version}`;

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

function nodeDaemonSet(shape: CalicoShape): string {
  const { encapsulation = 'ipip' } = shape;
  const bird = encapsulation === 'ipip';
  return `# Runs on every node.
kind: DaemonSet
apiVersion: apps/v1
metadata:
  name: calico-node
  namespace: kube-system
  labels:
    k8s-app: calico-node
spec:
  selector:
    matchLabels:
      k8s-app: calico-node
  template:
    metadata:
      labels:
        k8s-app: calico-node
    spec:
      hostNetwork: true
      tolerations:
        - effect: NoSchedule
          operator: Exists
        - effect: NoExecute
          operator: Exists
      serviceAccountName: calico-node
      terminationGracePeriodSeconds: 0
      priorityClassName: system-node-critical
      initContainers:
        # Moves from host-local addresses.
        - name: upgrade-ipam
          image: ${image(shape, 'cni')}
          command: ["/opt/cni/bin/calico-ipam", "-upgrade"]
        - name: install-cni
          image: ${image(shape, 'cni')}
          command: ["/opt/cni/bin/install"]
          env:
            - name: CNI_CONF_NAME
              value: "10-calico.conflist"
            - name: CNI_NETWORK_CONFIG
              valueFrom:
                configMapKeyRef:
                  name: calico-config
                  key: cni_network_config
            - name: KUBERNETES_NODE_NAME
              valueFrom:
                fieldRef:
                  fieldPath: spec.nodeName
            - name: CNI_MTU
              valueFrom:
                configMapKeyRef:
                  name: calico-config
                  key: veth_mtu
          volumeMounts:
            - mountPath: /host/opt/cni/bin
              name: cni-bin-dir
            - mountPath: /host/etc/cni/net.d
              name: cni-net-dir
          securityContext:
            privileged: true
        - name: "mount-bpffs"
          image: ${image(shape, 'node')}
          command: ["calico-node", "-init", "-best-effort"]
          volumeMounts:
            - mountPath: /sys/fs
              name: sys-fs
              mountPropagation: Bidirectional
          securityContext:
            privileged: true
      containers:
        - name: calico-node
          image: ${image(shape, 'node')}
          env:
            - name: DATASTORE_TYPE
              value: "kubernetes"
            - name: NODENAME
              valueFrom:
                fieldRef:
                  fieldPath: spec.nodeName
            # Which routing there is.
            - name: CALICO_NETWORKING_BACKEND
              valueFrom:
                configMapKeyRef:
                  name: calico-config
                  key: calico_backend
            - name: IP
              value: "autodetect"
            # Tunnels of the first pool.
            - name: CALICO_IPV4POOL_IPIP
              value: "${bird ? 'Always' : 'Never'}"
            - name: CALICO_IPV4POOL_VXLAN
              value: "${bird ? 'Never' : 'Always'}"
            - name: CALICO_IPV6POOL_VXLAN
              value: "Never"
            # The pool that is made when there is none.
            # - name: CALICO_IPV4POOL_CIDR
            #   value: "192.168.0.0/16"
            - name: FELIX_IPV6SUPPORT
              value: "false"
          livenessProbe:
            exec:
              command:
                - /bin/calico-node
                - -felix-live
${bird ? '                - -bird-live\n' : ''}          readinessProbe:
            exec:
              command:
                - /bin/calico-node
                - -felix-ready
${bird ? '                - -bird-ready\n' : ''}          securityContext:
            privileged: true
      volumes:
        - name: sys-fs
          hostPath:
            path: /sys/fs/
            type: DirectoryOrCreate
        - name: cni-bin-dir
          hostPath:
            path: /opt/cni/bin
            type: DirectoryOrCreate
        - name: cni-net-dir
          hostPath:
            path: /etc/cni/net.d
`;
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
