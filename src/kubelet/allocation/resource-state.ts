import * as z from 'zod';
import type { Pod, ResourceRequirements } from '../../api/types.ts';
import { parseCheckpoint, renderCheckpoint } from '../checkpoint.ts';
import { compareQuantities } from '../quantity.ts';

/** Resources of one pod: granted to it, or in force. */
export interface PodResourceInfo {
  /** By container, init containers too. */
  readonly containers: Readonly<Record<string, ResourceRequirements>>;
  /** Of the pod as a whole. */
  readonly pod?: ResourceRequirements | undefined;
}

/** By pod UID. */
export type PodResources = ReadonlyMap<string, PodResourceInfo>;

const quantities = z.record(z.string(), z.union([z.string(), z.number().transform(String)]));
const requirements = z.looseObject({ requests: quantities.optional(), limits: quantities.optional() });
const stateSchema = z.object({
  entries: z
    .record(
      z.string(),
      z.object({
        ContainerResources: z.record(z.string(), requirements).nullish(),
        PodLevelResources: requirements.nullish(),
      }),
    )
    .nullish(),
});

/** The file's text → what is in it. Throws when it is not such a file or its checksum is wrong. */
export function parseResourceState(text: string): PodResources {
  const { entries } = stateSchema.parse(JSON.parse(parseCheckpoint(text)));
  return new Map(
    Object.entries(entries ?? {}).map(([uid, { ContainerResources, PodLevelResources }]) => [
      uid,
      {
        containers: (ContainerResources ?? {}) as PodResourceInfo['containers'],
        ...(PodLevelResources ? { pod: PodLevelResources as ResourceRequirements } : {}),
      },
    ]),
  );
}

const sorted = <T>(entries: Iterable<readonly [string, T]>): readonly (readonly [string, T])[] =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : 1));

const renderRequirements = ({ limits, requests }: ResourceRequirements) => ({
  ...(limits === undefined ? {} : { limits: Object.fromEntries(sorted(Object.entries(limits))) }),
  ...(requests === undefined ? {} : { requests: Object.fromEntries(sorted(Object.entries(requests))) }),
});

/** The state as upstream's kubelet writes it, byte for byte, so that either takes over from the other. */
export function renderResourceState(state: PodResources): string {
  if (state.size === 0) return renderCheckpoint('{}');
  const entries = sorted(state).map(([uid, { containers, pod }]) => [
    uid,
    {
      ContainerResources: Object.fromEntries(
        sorted(Object.entries(containers)).map(([name, value]) => [name, renderRequirements(value)]),
      ),
      PodLevelResources: pod === undefined ? null : renderRequirements(pod),
      EmptyDirVolumeLimits: null,
    },
  ]);
  return renderCheckpoint(JSON.stringify({ entries: Object.fromEntries(entries) }));
}

/** What the pod's spec asks for. */
export function resourceInfoOf(pod: Pod): PodResourceInfo {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return {
    containers: Object.fromEntries(containers.map(({ name, resources }) => [name, resources ?? {}])),
    ...(pod.spec?.resources === undefined ? {} : { pod: pod.spec.resources }),
  };
}

type Quantities = Readonly<Record<string, string>> | undefined;

const sameQuantities = (a: Quantities, b: Quantities): boolean => {
  const names = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})]);
  return [...names].every((name) => {
    const [x, y] = [a?.[name], b?.[name]];
    return x !== undefined && y !== undefined && compareQuantities(x, y) === 0;
  });
};

/** Whether two say the same, however their quantities are written. */
export const sameRequirements = (a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): boolean =>
  sameQuantities(a?.requests, b?.requests) && sameQuantities(a?.limits, b?.limits);

/** The pod with the resources it was granted in place of those it asks for; the pod itself when they are the same. */
export function applyResourceInfo(pod: Pod, info: PodResourceInfo): Pod {
  const spec = pod.spec;
  if (spec === undefined) return pod;
  const differs = ({ name, resources }: { name: string; resources?: ResourceRequirements | undefined }) =>
    info.containers[name] !== undefined && !sameRequirements(resources, info.containers[name]);
  const podDiffers = !sameRequirements(spec.resources, info.pod);
  if (!podDiffers && ![...(spec.initContainers ?? []), ...spec.containers].some(differs)) return pod;
  const granted = <C extends { name: string; resources?: ResourceRequirements }>(containers: readonly C[]): C[] =>
    containers.map((c) => {
      const resources = info.containers[c.name];
      return resources === undefined || !differs(c) ? c : { ...c, resources };
    });
  const { resources: _asked, ...rest } = spec;
  return {
    ...pod,
    spec: {
      ...rest,
      ...(podDiffers
        ? info.pod === undefined
          ? {}
          : { resources: info.pod }
        : spec.resources === undefined
          ? {}
          : { resources: spec.resources }),
      containers: granted(spec.containers),
      ...(spec.initContainers === undefined ? {} : { initContainers: granted(spec.initContainers) }),
    },
  };
}
