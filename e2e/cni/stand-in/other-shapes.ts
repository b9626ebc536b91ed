import { stringify } from 'yaml';

/**
 * A pod of what Cilium's and flannel's manifests ask for that Calico's does not: entering the node's namespaces,
 * capabilities by name, mounts in both directions, a startup probe, hooks, projected volumes, AppArmor. On one node;
 * everything that it leaves there is below /run/shapes.
 */
export function otherShapes(image: string, nodeName: string): string {
  const metadata = { namespace: 'shapes' };
  const shared = (mountPropagation: string) => ({ name: 'run', mountPath: '/run/shapes', mountPropagation });
  const sh = (script: string) => ['sh', '-c', script];
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name: 'agent' },
    spec: {
      nodeName,
      hostNetwork: true,
      hostPID: true,
      priorityClassName: 'system-node-critical',
      terminationGracePeriodSeconds: 1,
      tolerations: [{ operator: 'Exists' }],
      securityContext: { appArmorProfile: { type: 'Unconfined' } },
      initContainers: [
        {
          name: 'mount-cgroup',
          image,
          command: sh('busybox nsenter -t 1 -m -u sh -c "hostname > /run/shapes/entered"'),
          securityContext: { privileged: true },
        },
        {
          name: 'mount-bpf-fs',
          image,
          command: sh(
            'mkdir -p /run/shapes/mounted && busybox mount -t tmpfs none /run/shapes/mounted && echo mounted > /run/shapes/mounted/here',
          ),
          securityContext: { privileged: true },
          volumeMounts: [shared('Bidirectional')],
        },
      ],
      containers: [
        {
          name: 'agent',
          image,
          command: sh("trap 'exit 0' TERM; while :; do sleep 1; done"),
          env: [
            { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'config', key: 'mode', optional: true } } },
            { name: 'MISSING', valueFrom: { configMapKeyRef: { name: 'none', key: 'mode', optional: true } } },
            { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
          ],
          ports: [{ name: 'health', containerPort: 19879, hostPort: 19879, protocol: 'TCP' }],
          startupProbe: {
            exec: { command: ['test', '-e', '/folder/started'] },
            periodSeconds: 1,
            failureThreshold: 60,
          },
          readinessProbe: { exec: { command: ['test', '-e', '/folder/started'] }, periodSeconds: 1 },
          lifecycle: {
            postStart: { exec: { command: sh('echo started > /folder/started') } },
            preStop: { exec: { command: sh('echo stopping > /folder/stopping') } },
          },
          securityContext: { capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'SYS_ADMIN'] } },
          volumeMounts: [
            shared('HostToContainer'),
            { name: 'lock', mountPath: '/run/xtables.lock' },
            { name: 'folder', mountPath: '/folder' },
            { name: 'projected', mountPath: '/projected', readOnly: true },
          ],
        },
      ],
      volumes: [
        { name: 'run', hostPath: { path: '/run/shapes', type: 'DirectoryOrCreate' } },
        { name: 'lock', hostPath: { path: '/run/shapes/xtables.lock', type: 'FileOrCreate' } },
        { name: 'folder', hostPath: { path: '/run/shapes/folder', type: 'DirectoryOrCreate' } },
        {
          name: 'projected',
          projected: {
            sources: [
              { configMap: { name: 'config', items: [{ key: 'mode', path: 'config/mode' }] } },
              { configMap: { name: 'none', optional: true } },
              { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
              { serviceAccountToken: { path: 'token', expirationSeconds: 600 } },
            ],
          },
        },
      ],
    },
  };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shapes' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, name: 'config' }, data: { mode: 'vxlan' } },
    pod,
  ]
    .map((object) => stringify(object))
    .join('---\n');
}
