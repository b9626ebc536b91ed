import type { Container, Pod } from '../../api/types.ts';
import { quoteLikeGo } from '../go-quote.ts';
import { milliOf, parseQuantity, unitsOf } from '../quantity.ts';
import { limitsInEffect } from '../resources/pod-resources.ts';

/** What the node allows, where a container sets no limit. */
export type ResourceDefaults = Readonly<Record<string, string>>;

export interface PodAddresses {
  readonly hostIps: readonly string[];
  readonly podIps: readonly string[];
}

/** Labels or annotations as a file shows them: `key="value"`, sorted. */
const formatMap = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${quoteLikeGo(value)}`)
    .join('\n');

/** The value of a field of the pod. Throws for a path that is none. https://kubernetes.io/docs/concepts/workloads/pods/downward-api/ */
export function computeField(pod: Pod, path: string, { hostIps, podIps }: PodAddresses): string {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript !== null) {
    const map = subscript[1] === 'labels' ? pod.metadata?.labels : pod.metadata?.annotations;
    return map?.[subscript[2] ?? ''] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return pod.metadata?.name ?? '';
    case 'metadata.namespace':
      return pod.metadata?.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata?.uid ?? '';
    case 'metadata.labels':
      return formatMap(pod.metadata?.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata?.annotations);
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? '';
    case 'spec.restartPolicy':
      return pod.spec?.restartPolicy ?? '';
    case 'status.hostIP':
      return hostIps[0] ?? '';
    case 'status.hostIPs':
      return hostIps.join(',');
    case 'status.podIP':
      return podIps[0] ?? '';
    case 'status.podIPs':
      return podIps.join(',');
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

export interface ResourceField {
  readonly containerName?: string;
  readonly resource?: string;
  readonly divisor?: string;
}

/** A container's request or limit in units of the divisor, rounded up; a limit that is not set is the pod's, or the node's. */
export function computeResourceField(
  pod: Pod,
  field: ResourceField | undefined,
  defaults: ResourceDefaults,
  own?: Container,
): string {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const name = field?.containerName;
  const container = name ? containers.find((c) => c.name === name) : own;
  if (container === undefined) throw new Error(`container ${name ?? ''} not found`);
  const [side = '', resource = ''] = (field?.resource ?? '').split(/\.(.*)/s);
  const resources = container.resources ?? {};
  const value =
    side === 'limits'
      ? (limitsInEffect(pod.spec?.resources, resources)[resource] ?? defaults[resource])
      : (resources.requests?.[resource] ?? resources.limits?.[resource]);
  if (side !== 'limits' && side !== 'requests')
    throw new Error(`unsupported container resource : ${field?.resource ?? ''}`);
  const divisor = field?.divisor && parseQuantity(field.divisor) !== 0 ? field.divisor : '1';
  if (resource === 'cpu') return String(Math.ceil(milliOf(value) / milliOf(divisor)));
  return String(Math.ceil(unitsOf(value) / unitsOf(divisor)));
}
