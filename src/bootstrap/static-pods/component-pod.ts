import type { ControlPlaneComponent } from '../kubeadm-config/schema.ts';
import { toYaml } from '../yaml.ts';

/** A folder or file of the node that a component sees under the same path. */
export interface HostPath {
  readonly name: string;
  readonly path: string;
  readonly type: 'DirectoryOrCreate' | 'FileOrCreate';
  readonly readOnly: boolean;
}

export interface Probe {
  readonly path: string;
  readonly scheme: 'HTTP' | 'HTTPS';
}

/** One component of the control plane. */
export interface ComponentPod {
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly image: string;
  readonly command: readonly string[];
  readonly requests: Readonly<Record<string, string>>;
  /** Empty: the pod's own address. */
  readonly probeHost: string;
  readonly probePort: number;
  readonly liveness: Probe;
  readonly readiness?: Probe;
  readonly startup: Probe;
  /** How long starting may take before the component is killed. */
  readonly startupTimeoutMs: number;
  readonly hostPaths: readonly HostPath[];
  readonly user: Pick<ControlPlaneComponent, 'extraVolumes' | 'extraEnvs'>;
}

const probePeriodSeconds = 10;

/** The component's static pod manifest, as kubeadm writes it. */
export function renderComponentPod(pod: ComponentPod): string {
  const volumes = renderVolumes(pod);
  return toYaml({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.name,
      namespace: 'kube-system',
      labels: { component: pod.name, tier: 'control-plane' },
      ...(pod.annotations === undefined ? {} : { annotations: pod.annotations }),
    },
    spec: {
      containers: [
        {
          name: pod.name,
          image: pod.image,
          imagePullPolicy: 'IfNotPresent',
          command: pod.command,
          ...(pod.user.extraEnvs.length === 0 ? {} : { env: pod.user.extraEnvs }),
          ports: [{ name: 'probe-port', containerPort: pod.probePort, protocol: 'TCP' }],
          resources: { requests: pod.requests },
          ...renderProbes(pod),
          volumeMounts: volumes.map((volume) => volume.mount),
        },
      ],
      hostNetwork: true,
      priority: 2000001000,
      priorityClassName: 'system-node-critical',
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      volumes: volumes.map((volume) => volume.source),
    },
  });
}

function renderProbes(pod: ComponentPod) {
  const probe = ({ path, scheme }: Probe, failureThreshold: number) => ({
    httpGet: { ...(pod.probeHost === '' ? {} : { host: pod.probeHost }), path, port: 'probe-port', scheme },
    failureThreshold,
    periodSeconds: probePeriodSeconds,
    timeoutSeconds: 15,
  });
  // Readiness looks every second and at once, so that nobody waits for a control plane that is up.
  const startupFailures = Math.ceil(pod.startupTimeoutMs / 1000 / probePeriodSeconds);
  return {
    livenessProbe: { ...probe(pod.liveness, 8), initialDelaySeconds: probePeriodSeconds },
    ...(pod.readiness === undefined ? {} : { readinessProbe: { ...probe(pod.readiness, 3), periodSeconds: 1 } }),
    startupProbe: { ...probe(pod.startup, startupFailures), initialDelaySeconds: probePeriodSeconds },
  };
}

/** Sorted by name; a volume of the user's replaces the one that has its name. */
function renderVolumes(pod: ComponentPod) {
  const own = pod.hostPaths.map((host) => ({
    source: { name: host.name, hostPath: { path: host.path, type: host.type } },
    mount: { name: host.name, mountPath: host.path, ...(host.readOnly ? { readOnly: true } : {}) },
  }));
  const extra = pod.user.extraVolumes.map((volume) => ({
    source: { name: volume.name, hostPath: { path: volume.hostPath, type: volume.pathType } },
    mount: { name: volume.name, mountPath: volume.mountPath, ...(volume.readOnly ? { readOnly: true } : {}) },
  }));
  const byName = new Map([...own, ...extra].map((volume) => [volume.source.name, volume]));
  return [...byName.values()].sort((a, b) => (a.source.name < b.source.name ? -1 : 1));
}
