import { networkInterfaces } from 'node:os';
import { parse } from 'yaml';
import * as z from 'zod';
import type { KubeApi } from '../../api/port.ts';
import { overlap, parseCidr } from '../../config/cidr.ts';
import { clusterUnreadable, podSubnetCollides } from './errors.ts';

/** What was settled when the cluster was made, as it tells itself. */
export interface ClusterSettings {
  readonly podSubnets: readonly string[];
  /** `HOST:PORT` of the API server, as nodes reach it. */
  readonly controlPlaneEndpoint: string;
  readonly clusterDns: string;
}

const kubeadmConfig = z.looseObject({ data: z.looseObject({ ClusterConfiguration: z.string() }) });
const settingsSchema = z.looseObject({
  controlPlaneEndpoint: z.string(),
  networking: z.looseObject({ podSubnet: z.string(), serviceSubnet: z.string() }),
});

/** Reads the ConfigMap that kubeadm leaves in every cluster. Throws CLUSTER_UNREADABLE. */
export async function readClusterSettings(api: KubeApi, signal: AbortSignal): Promise<ClusterSettings> {
  try {
    const path = '/api/v1/namespaces/kube-system/configmaps/kubeadm-config';
    const { data } = kubeadmConfig.parse(await api.get<unknown>(path, { signal }));
    const { controlPlaneEndpoint, networking } = settingsSchema.parse(parse(data.ClusterConfiguration));
    return {
      controlPlaneEndpoint,
      podSubnets: networking.podSubnet.split(',').filter((subnet) => subnet !== ''),
      clusterDns: dnsAddress(networking.serviceSubnet.split(',')[0] ?? ''),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw clusterUnreadable("the cluster's networks", error);
  }
}

/** The tenth address of the service range, as kubeadm gives it to cluster DNS. */
function dnsAddress(serviceSubnet: string): string {
  const [base = ''] = serviceSubnet.split('/');
  return base.includes(':') ? base.replace(/[0-9a-f]*$/i, 'a') : base.replace(/\.\d+$/, '.10');
}

/** A range of addresses that is in use outside of the cluster. */
export interface UsedRange {
  readonly cidr: string;
  /** As messages say it: `the network of interface eth0 of this machine`. */
  readonly where: string;
}

/** The ranges of this machine's own interfaces, but for loopback. */
export const hostRanges = (): readonly UsedRange[] =>
  Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).flatMap(({ cidr, internal }) =>
      internal || cidr === null ? [] : [{ cidr, where: `the network of interface ${name} of this machine` }],
    ),
  );

/** Throws SUBNETS_OVERLAP when pods would get addresses that are in use elsewhere. */
export function checkPodSubnets(podSubnets: readonly string[], used: readonly UsedRange[]): void {
  for (const subnet of podSubnets) {
    const pods = parseCidr(subnet);
    const other = used.find(({ cidr }) => {
      const range = parseCidr(cidr);
      return pods !== undefined && range !== undefined && overlap(pods, range);
    });
    if (other !== undefined) throw podSubnetCollides(subnet, other.cidr, other.where);
  }
}
