import type { Pod } from '../../api/types.ts';
import { nameOf } from '../pod-facts.ts';
import { renderBytes, unitsOf } from '../quantity.ts';
import type { ContainerUsage, PodUsage } from '../stats/index.ts';
import { type Reading, type Readings, type StarvedResource, signalFacts } from './signals.ts';
import { amountOf, type Threshold } from './thresholds.ts';

export interface EvictionWords {
  readonly message: string;
  /** On the Event: who was over its requests, by how much, and what the node was short of. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface MessageInputs {
  readonly pod: Pod;
  readonly usage: PodUsage | undefined;
  readonly resource: StarvedResource;
  readonly due: readonly Threshold[];
  readonly readings: Readings;
}

const shown = (resource: StarvedResource, amount: number): string =>
  resource === 'inodes' || resource === 'pids' ? String(amount) : renderBytes(amount);

function shortage({ resource, due, readings }: MessageInputs): string {
  const found = due
    .filter(({ signal }) => signalFacts[signal].resource === resource)
    .map((threshold): readonly [Threshold, Reading | undefined] => [threshold, readings.get(threshold.signal)])
    .find(([, reading]) => reading !== undefined);
  if (found?.[1] === undefined) return '';
  const [threshold, reading] = found;
  const quantity = shown(resource, amountOf(threshold.below, reading));
  return `Threshold quantity: ${quantity}, available: ${shown(resource, reading.available)}. `;
}

const usedBy = (container: ContainerUsage, resource: StarvedResource): number | undefined => {
  if (resource === 'memory') return container.memoryBytes;
  return resource === 'ephemeral-storage' ? container.layerBytes + container.logBytes : undefined;
};

/** What an evicted pod's status says: what the node was short of, and which of its containers used more than asked for. */
export function renderEviction(inputs: MessageInputs): EvictionWords {
  const { pod, usage, resource } = inputs;
  const head = `The node was low on resource: ${resource}. ${shortage(inputs)}`;
  if (usage === undefined) return { message: head, annotations: {} };
  const podRequest = resource === 'memory' ? pod.spec?.resources?.requests?.memory : undefined;
  const ofPod = podRequest === undefined ? undefined : renderBytes(usage.memoryBytes);
  const known = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const over = usage.containers.flatMap((container) => {
    const request = known.find(({ name }) => name === container.name)?.resources?.requests?.[resource];
    const used = usedBy(container, resource);
    if (!known.some(({ name }) => name === container.name) || used === undefined || used <= unitsOf(request)) return [];
    return [{ name: container.name, used: renderBytes(used), request: request ?? '0' }];
  });
  const larger = (what: string, name: string, used: string, request: string): string =>
    `${what} ${name} was using ${used}, request is ${request}, has larger consumption of ${resource}. `;
  return {
    message: [
      head,
      ...(ofPod === undefined ? [] : [larger('Pod', nameOf(pod), ofPod, podRequest ?? '0')]),
      ...over.map(({ name, used, request }) => larger('Container', name, used, request)),
    ].join(''),
    annotations: {
      ...(ofPod === undefined ? {} : { offending_pod: nameOf(pod), offending_pod_usage: ofPod }),
      offending_containers: over.map(({ name }) => name).join(','),
      offending_containers_usage: over.map(({ used }) => used).join(','),
      starved_resource: resource,
    },
  };
}
