export interface CalicoShape {
  readonly version?: string;
  readonly registry?: string;
  /** How traffic between nodes is wrapped as the manifest is published. */
  readonly encapsulation?: 'ipip' | 'vxlan';
  /** Left out, to make a manifest that is not Calico's. */
  readonly without?: readonly string[];
}

export const image = ({ version = 'v3.33.1', registry = 'quay.io/calico' }: CalicoShape, name: string) =>
  `${registry}/${name}:${version}`;

/** The DaemonSet, as text: fitting must not lose its comments. */
export function nodeDaemonSet(shape: CalicoShape): string {
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
${bird ? '                - -bird-ready\n' : ''}          volumeMounts:
            # For the token that the plugin has: it is renewed there.
            - mountPath: /host/etc/cni/net.d
              name: cni-net-dir
              readOnly: false
          securityContext:
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
