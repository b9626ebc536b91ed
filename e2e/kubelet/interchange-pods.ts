import { randomUUID } from 'node:crypto';
import type { Pod } from '../../src/api/types.ts';

const busybox = 'docker.io/library/busybox:1.37';
const forever = ['sh', '-c', 'echo started; exec sleep 99999'];

type Spec = Omit<NonNullable<Pod['spec']>, 'containers'> & Partial<Pick<NonNullable<Pod['spec']>, 'containers'>>;

const main = { name: 'main', image: busybox, command: forever };

/** What a node holds that its kubelet has to find again, each in a pod of its own. */
const kinds: Readonly<Record<string, Spec>> = {
  plain: {},
  emptydir: {
    volumes: [
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ],
    containers: [
      {
        ...main,
        command: ['sh', '-c', 'echo kept > /disk/file; echo kept > /memory/file; echo started; exec sleep 99999'],
        volumeMounts: [
          { name: 'disk', mountPath: '/disk' },
          { name: 'memory', mountPath: '/memory' },
        ],
      },
    ],
  },
  payloads: {
    securityContext: { fsGroup: 2000 },
    volumes: [
      { name: 'config', configMap: { name: 'settings' } },
      { name: 'secret', secret: { secretName: 'password' } },
      { name: 'labels', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    ],
    containers: [
      {
        ...main,
        env: [{ name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } }],
        volumeMounts: [
          { name: 'config', mountPath: '/config' },
          { name: 'config', mountPath: '/one', subPath: 'colour' },
          { name: 'secret', mountPath: '/secret' },
          { name: 'labels', mountPath: '/labels' },
        ],
      },
    ],
  },
  probes: {
    containers: [
      {
        ...main,
        startupProbe: { exec: { command: ['true'] }, periodSeconds: 1, timeoutSeconds: 10 },
        livenessProbe: { exec: { command: ['true'] }, periodSeconds: 2, timeoutSeconds: 10 },
        readinessProbe: { exec: { command: ['true'] }, periodSeconds: 2, timeoutSeconds: 10 },
      },
    ],
  },
  sidecar: {
    initContainers: [
      { name: 'before', image: busybox, command: ['true'] },
      {
        ...main,
        name: 'beside',
        restartPolicy: 'Always',
        startupProbe: { exec: { command: ['true'] }, periodSeconds: 1, timeoutSeconds: 10 },
      },
      { name: 'after', image: busybox, command: ['true'] },
    ],
  },
  several: { containers: ['one', 'two', 'three'].map((name) => ({ ...main, name })) },
  guaranteed: {
    containers: [{ ...main, resources: { limits: { cpu: '50m', memory: '32Mi' } } }],
  },
  burstable: {
    containers: [{ ...main, resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } } }],
  },
  hostnetwork: { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
  sharedpids: { shareProcessNamespace: true },
  hooks: {
    containers: [
      {
        ...main,
        lifecycle: { postStart: { exec: { command: ['true'] } }, preStop: { exec: { command: ['true'] } } },
        terminationMessagePolicy: 'FallbackToLogsOnError',
        ports: [{ name: 'web', containerPort: 8080 }],
      },
    ],
  },
  aliases: { hostname: 'other', hostAliases: [{ ip: '10.1.2.3', hostnames: ['friend'] }] },
  /** Ended, and may not begin again. */
  done: { restartPolicy: 'Never', containers: [{ ...main, command: ['sh', '-c', 'echo started; exit 0'] }] },
};

export const endedPod = 'done-0';

/** At least `count` pods for one node: each kind, and then again, with the objects that they read. */
export function renderInterchangePods(namespace: string, node: string, count: number): readonly unknown[] {
  const entries = Object.entries(kinds);
  const pods = Array.from({ length: count }, (_, i) => {
    const [kind, spec] = entries[i % entries.length] ?? ['plain', {}];
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name: `${kind}-${Math.floor(i / entries.length)}`, labels: { kind } },
      spec: { nodeName: node, terminationGracePeriodSeconds: 1, containers: [main], ...spec },
    };
  });
  const objects = [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: 'settings' }, data: { colour: 'red' } },
    { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name: 'password' }, stringData: { word: 'sesame' } },
  ];
  return [...objects, ...pods];
}

/**
 * A pod that no API server ordered. Its UID is given: what a kubelet makes up from a manifest without one is its own,
 * so to another kubelet that would be another pod.
 */
export const renderStaticPod = (namespace: string): unknown => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name: 'unordered', uid: randomUUID() },
  spec: { terminationGracePeriodSeconds: 1, containers: [main] },
});
