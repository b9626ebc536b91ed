import type {
  Container,
  EnvVar,
  Lifecycle,
  LifecycleHandler,
  Pod,
  PodSpec,
  Probe,
  ResourceRequirements,
  Volume,
} from '../../api/types.ts';

const overlay = <T extends object>(defaults: T, value: T, empty: readonly unknown[]): T => {
  const given = Object.fromEntries(Object.entries(value).filter(([, v]) => !empty.includes(v)));
  return { ...defaults, ...given } as T;
};
/** An empty text is as good as none. */
const defined = <T extends object>(defaults: T, value: T): T => overlay(defaults, value, [undefined, null, '']);
/** The same where 0 means nothing either. */
const nonZero = <T extends object>(defaults: T, value: T): T => overlay(defaults, value, [undefined, null, '', 0]);

function withProbeDefaults(probe: Probe | undefined): Probe | undefined {
  if (probe === undefined) return undefined;
  const complete = nonZero<Probe>(
    { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
    probe,
  );
  return {
    ...complete,
    ...(complete.httpGet === undefined ? {} : { httpGet: withHttpDefaults(complete.httpGet) }),
    ...(complete.grpc === undefined ? {} : { grpc: defined({ service: '', port: complete.grpc.port }, complete.grpc) }),
  };
}

const withHttpDefaults = (action: NonNullable<Probe['httpGet']>): NonNullable<Probe['httpGet']> =>
  defined({ path: '/', scheme: 'HTTP', port: action.port }, action);

const withHookDefaults = (hook: LifecycleHandler): LifecycleHandler =>
  hook.httpGet === undefined ? hook : { ...hook, httpGet: withHttpDefaults(hook.httpGet) };

function withLifecycleDefaults(lifecycle: Lifecycle): Lifecycle {
  const { postStart, preStop } = lifecycle;
  return {
    ...lifecycle,
    ...(postStart === undefined ? {} : { postStart: withHookDefaults(postStart) }),
    ...(preStop === undefined ? {} : { preStop: withHookDefaults(preStop) }),
  };
}

const withFieldVersion = (env: EnvVar): EnvVar =>
  env.valueFrom?.fieldRef === undefined
    ? env
    : {
        ...env,
        valueFrom: {
          ...env.valueFrom,
          fieldRef: defined({ apiVersion: 'v1', fieldPath: env.valueFrom.fieldRef.fieldPath }, env.valueFrom.fieldRef),
        },
      };

/** `:latest`, and neither tag nor digest, are pulled each time; anything else only when it is not there. */
function defaultPullPolicy(image: string): string {
  const [named = '', digest] = image.split('@');
  const tag = named.slice(named.lastIndexOf('/') + 1).split(':')[1];
  return (tag ?? (digest === undefined ? 'latest' : '')) === 'latest' ? 'Always' : 'IfNotPresent';
}

/** Amounts as text: YAML may have them as numbers (`cpu: 1`). */
const asText = (amounts: Readonly<Record<string, string | number>>): Record<string, string> =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, String(amount)]));

/** Requests follow limits where they are not given. */
function withRequests(resources: ResourceRequirements = {}): ResourceRequirements {
  const { limits, requests } = resources;
  return {
    ...resources,
    ...(limits === undefined ? {} : { limits: asText(limits) }),
    ...(limits === undefined && requests === undefined ? {} : { requests: asText({ ...limits, ...requests }) }),
  };
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
  const ports = complete.ports?.map((port) =>
    nonZero(
      { protocol: 'TCP', containerPort: port.containerPort, ...(hostNetwork ? { hostPort: port.containerPort } : {}) },
      port,
    ),
  );
  return {
    ...complete,
    resources: withRequests(complete.resources),
    ...(complete.env === undefined ? {} : { env: complete.env.map(withFieldVersion) }),
    ...(complete.lifecycle === undefined ? {} : { lifecycle: withLifecycleDefaults(complete.lifecycle) }),
    ...(ports === undefined ? {} : { ports }),
    ...Object.fromEntries(Object.entries(probes).filter(([, probe]) => probe !== undefined)),
  };
}

const defaultMode = 0o644;

const withImagePolicy = (image: NonNullable<Volume['image']>): NonNullable<Volume['image']> =>
  defined({ pullPolicy: defaultPullPolicy(image.reference ?? '') }, image);

function withVolumeDefaults(volume: Volume): Volume {
  if (volume.hostPath !== undefined)
    return { ...volume, hostPath: defined({ type: '', path: volume.hostPath.path }, volume.hostPath) };
  if (volume.downwardAPI !== undefined) return { ...volume, downwardAPI: defined({ defaultMode }, volume.downwardAPI) };
  if (volume.projected !== undefined)
    return { ...volume, projected: defined({ defaultMode, sources: [] }, volume.projected) };
  if (volume.emptyDir?.sizeLimit !== undefined)
    return { ...volume, emptyDir: { ...volume.emptyDir, sizeLimit: String(volume.emptyDir.sizeLimit) } };
  if (volume.image !== undefined) return { ...volume, image: withImagePolicy(volume.image) };
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  return sources.length === 0 ? { ...volume, emptyDir: {} } : volume;
}

/** The defaults that the API server fills into a pod's spec, for pods that never pass through it. */
export function withPodDefaults(pod: Pod): Pod {
  const spec = pod.spec;
  if (spec === undefined) return pod;
  const hostNetwork = spec.hostNetwork === true;
  const grace = spec.terminationGracePeriodSeconds ?? 30;
  const complete = defined<PodSpec>(
    {
      containers: [],
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
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
      terminationGracePeriodSeconds: grace < 0 ? 1 : grace,
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
