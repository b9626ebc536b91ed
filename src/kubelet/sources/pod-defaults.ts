import type { Container, Pod, PodSpec, Probe, Volume } from '../../api/types.ts';

const defined = <T extends object>(defaults: T, value: T): T => {
  const given = Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined && v !== null));
  return { ...defaults, ...given } as T;
};

function withProbeDefaults(probe: Probe | undefined): Probe | undefined {
  if (probe === undefined) return undefined;
  const complete = defined<Probe>(
    { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
    probe,
  );
  if (complete.httpGet === undefined) return complete;
  return {
    ...complete,
    httpGet: defined({ path: '/', scheme: 'HTTP', port: complete.httpGet.port }, complete.httpGet),
  };
}

/** `:latest`, and no tag at all, are pulled each time; anything else only when it is not there. */
function defaultPullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = image.slice(image.lastIndexOf('/') + 1).split(':')[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/** Requests follow limits where they are not given. */
function withRequests(container: Container): Container['resources'] {
  const { limits, requests } = container.resources ?? {};
  if (limits === undefined) return container.resources ?? {};
  return { ...container.resources, requests: { ...limits, ...requests } };
}

function withContainerDefaults(container: Container, hostNetwork: boolean): Container {
  const complete = defined<Container>(
    {
      name: container.name,
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
      imagePullPolicy: defaultPullPolicy(container.image ?? ''),
    },
    container,
  );
  const probes = {
    livenessProbe: withProbeDefaults(complete.livenessProbe),
    readinessProbe: withProbeDefaults(complete.readinessProbe),
    startupProbe: withProbeDefaults(complete.startupProbe),
  };
  const resources = withRequests(complete);
  const ports = complete.ports?.map((port) =>
    defined(
      { protocol: 'TCP', containerPort: port.containerPort, ...(hostNetwork ? { hostPort: port.containerPort } : {}) },
      port,
    ),
  );
  return {
    ...complete,
    ...(resources === undefined ? {} : { resources }),
    ...(ports === undefined ? {} : { ports }),
    ...Object.fromEntries(Object.entries(probes).filter(([, probe]) => probe !== undefined)),
  };
}

const defaultMode = 0o644;

function withVolumeDefaults(volume: Volume): Volume {
  if (volume.hostPath !== undefined)
    return { ...volume, hostPath: defined({ type: '', path: volume.hostPath.path }, volume.hostPath) };
  if (volume.downwardAPI !== undefined) return { ...volume, downwardAPI: defined({ defaultMode }, volume.downwardAPI) };
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  return sources.length === 0 ? { ...volume, emptyDir: {} } : volume;
}

/** The defaults that the API server fills into a pod's spec, for pods that never pass through it. */
export function withPodDefaults(pod: Pod): Pod {
  const spec = pod.spec;
  if (spec === undefined) return pod;
  const hostNetwork = spec.hostNetwork === true;
  const complete = defined<PodSpec>(
    {
      containers: [],
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      terminationGracePeriodSeconds: 30,
      securityContext: {},
      enableServiceLinks: true,
      schedulerName: 'default-scheduler',
    },
    spec,
  );
  return {
    ...pod,
    spec: {
      ...complete,
      containers: complete.containers.map((container) => withContainerDefaults(container, hostNetwork)),
      ...(complete.initContainers === undefined
        ? {}
        : {
            initContainers: complete.initContainers.map((container) => withContainerDefaults(container, hostNetwork)),
          }),
      ...(complete.volumes === undefined ? {} : { volumes: complete.volumes.map(withVolumeDefaults) }),
    },
  };
}
