import { join } from 'node:path';
import { isNotFound } from '../../api/errors.ts';
import type { EnvVar, Pod, Service } from '../../api/types.ts';
import type { MountedVolumes, PodObjects, RunnableContainer, ServiceLister } from '../parts.ts';
import { isHostNetwork, isStaticPod } from '../pod-facts.ts';
import { computeField, computeResourceField, type ResourceDefaults } from './downward.ts';
import { readEnvFile } from './env-file.ts';
import { expandVariables } from './expansion.ts';

export interface EnvironmentOptions {
  /** Absent when standalone. */
  readonly objects: Pick<PodObjects, 'secret' | 'configMap'> | undefined;
  readonly services: ServiceLister | undefined;
  readonly hostIps: () => readonly string[];
  /** The node's allocatable resources. */
  readonly resourceDefaults: () => ResourceDefaults;
}

const envName = (name: string): string => name.toUpperCase().replaceAll('-', '_');

/** The variables that tell a container of a service, in Docker's old link form. */
export function serviceVariables(service: Service): readonly (readonly [string, string])[] {
  const ip = service.spec?.clusterIP ?? '';
  const ports = service.spec?.ports ?? [];
  const [first] = ports;
  if (ip === '' || ip === 'None' || first === undefined) return [];
  const prefix = envName(service.metadata?.name ?? '');
  const address = ip.includes(':') ? `[${ip}]` : ip;
  const url = (port: (typeof ports)[number]) => `${(port.protocol ?? 'TCP').toLowerCase()}://${address}:${port.port}`;
  return [
    [`${prefix}_SERVICE_HOST`, ip],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
    ...ports.flatMap((port): [string, string][] =>
      port.name ? [[`${prefix}_SERVICE_PORT_${envName(port.name)}`, String(port.port)]] : [],
    ),
    [`${prefix}_PORT`, url(first)],
    ...ports.flatMap((port): [string, string][] => {
      const protocol = port.protocol ?? 'TCP';
      const name = `${prefix}_PORT_${port.port}_${protocol}`;
      return [
        [name, url(port)],
        [`${name}_PROTO`, protocol.toLowerCase()],
        [`${name}_PORT`, String(port.port)],
        [`${name}_ADDR`, ip],
      ];
    }),
  ];
}

/** A container's environment: what services say, then envFrom, then env, each above the one before. */
export function environmentReader({ objects, services, hostIps, resourceDefaults }: EnvironmentOptions) {
  function serviceEnvironment(pod: Pod): ReadonlyMap<string, string> {
    if (services === undefined) return new Map();
    if (!services.synced()) {
      if (isStaticPod(pod)) return new Map();
      throw new Error('services have not yet been read at least once, cannot construct envvars');
    }
    const namespace = pod.metadata?.namespace ?? '';
    const master = services.list('default').filter(({ metadata }) => metadata?.name === 'kubernetes');
    const linked = pod.spec?.enableServiceLinks === false ? [] : services.list(namespace);
    return new Map([...master, ...linked].flatMap(serviceVariables));
  }

  const readFrom = () => {
    if (objects === undefined) throw new Error('this kubelet has no API server to read it from');
    return objects;
  };

  async function importAll(pod: Pod, container: RunnableContainer): Promise<Map<string, string>> {
    const namespace = pod.metadata?.namespace ?? '';
    const result = new Map<string, string>();
    for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
      const reference = configMapRef ?? secretRef;
      try {
        const values =
          configMapRef !== undefined
            ? Object.entries((await readFrom().configMap(namespace, configMapRef.name ?? '')).data)
            : Object.entries((await readFrom().secret(namespace, secretRef?.name ?? '')).data).map(
                ([k, v]): [string, string] => [k, Buffer.from(v).toString('utf8')],
              );
        for (const [key, value] of values) result.set(`${prefix}${key}`, value);
      } catch (error) {
        if (!(reference?.optional === true && isNotFound(error))) throw error;
      }
    }
    return result;
  }

  /** The value of one variable that comes from elsewhere; undefined: an optional one that is not there. */
  async function valueFrom(
    pod: Pod,
    container: RunnableContainer,
    { valueFrom: source }: EnvVar,
    podIps: readonly string[],
    volumes: MountedVolumes,
  ): Promise<string | undefined> {
    const namespace = pod.metadata?.namespace ?? '';
    if (source?.fieldRef !== undefined)
      // A pod in the node's network has the node's addresses; the runtime knows none for it.
      return computeField(pod, source.fieldRef.fieldPath, {
        hostIps: hostIps(),
        podIps: isHostNetwork(pod) ? hostIps() : podIps,
      });
    if (source?.resourceFieldRef !== undefined)
      return computeResourceField(pod, source.resourceFieldRef, resourceDefaults(), container);
    if (source?.fileKeyRef !== undefined) return valueOfFile(source.fileKeyRef, volumes);
    const reference = source?.configMapKeyRef ?? source?.secretKeyRef;
    if (reference === undefined)
      throw new Error(`the variable's source is not supported: ${Object.keys(source ?? {}).join(', ')}`);
    const kind = source?.configMapKeyRef === undefined ? 'Secret' : 'ConfigMap';
    try {
      const name = reference.name ?? '';
      const value =
        kind === 'ConfigMap'
          ? (await readFrom().configMap(namespace, name)).data[reference.key]
          : toText((await readFrom().secret(namespace, name)).data[reference.key]);
      if (value !== undefined || reference.optional === true) return value;
      throw new Error(`couldn't find key ${reference.key} in ${kind} ${namespace}/${name}`);
    } catch (error) {
      if (reference.optional === true && isNotFound(error)) return undefined;
      throw error;
    }
  }

  return async (
    pod: Pod,
    container: RunnableContainer,
    podIps: readonly string[],
    volumes: MountedVolumes,
  ): Promise<readonly { key: string; value: string }[]> => {
    const fromServices = serviceEnvironment(pod);
    const result = await importAll(pod, container);
    const known = (name: string) => result.get(name) ?? fromServices.get(name);
    for (const variable of container.env ?? []) {
      if (variable.valueFrom === undefined) {
        result.set(variable.name, expandVariables(variable.value ?? '', known));
        continue;
      }
      const value = await valueFrom(pod, container, variable, podIps, volumes);
      if (value !== undefined) result.set(variable.name, value);
    }
    for (const [name, value] of fromServices) if (!result.has(name)) result.set(name, value);
    return [...result].map(([key, value]) => ({ key, value }));
  };
}

async function valueOfFile(
  { volumeName, path, key, optional = false }: NonNullable<NonNullable<EnvVar['valueFrom']>['fileKeyRef']>,
  volumes: MountedVolumes,
): Promise<string | undefined> {
  const folder = volumes.get(volumeName)?.hostPath;
  if (folder === undefined)
    throw new Error(`cannot find the volume ${JSON.stringify(volumeName)} referenced by FileKeyRef`);
  const value = await readEnvFile(folder, path, key).catch((error: unknown) => {
    throw new Error("couldn't parse env file", { cause: error });
  });
  if (value === undefined && !optional)
    throw new Error(
      `environment variable key ${JSON.stringify(key)} not found in file ${JSON.stringify(join(folder, path))}`,
    );
  return value;
}

const toText = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
