import type { ContainerEngine, ContainerInfo } from '../engine/port.ts';
import { clusterNotFound, nodeNotFound } from './errors.ts';
import { clusterLabel, networkName, roleLabel } from './labels.ts';

export interface ClusterNode {
  readonly name: string;
  readonly cluster: string;
  readonly role: string;
  readonly state: ContainerInfo['state'];
  readonly image: string;
  readonly address: string | undefined;
  readonly container: ContainerInfo;
}

const toNode = (container: ContainerInfo): ClusterNode => ({
  name: container.name,
  cluster: container.labels[clusterLabel] ?? '',
  role: container.labels[roleLabel] ?? '',
  state: container.state,
  image: container.image,
  address: container.addresses[networkName] || undefined,
  container,
});

/** The nodes of one cluster, or of all; none when there is no such cluster. Sorted by name. */
export async function listNodes(engine: ContainerEngine, cluster: string | undefined): Promise<readonly ClusterNode[]> {
  return (await engine.listContainers({ [clusterLabel]: cluster ?? '' })).map(toNode);
}

/** Every cluster's name with how many nodes it has, sorted. */
export async function listClusters(engine: ContainerEngine): Promise<readonly { name: string; nodes: number }[]> {
  const nodes = await listNodes(engine, undefined);
  return [...new Set(nodes.map(({ cluster }) => cluster))]
    .sort()
    .map((name) => ({ name, nodes: nodes.filter(({ cluster }) => cluster === name).length }));
}

/** The nodes of a cluster that must exist; throws CLUSTER_NOT_FOUND. */
export async function nodesOf(engine: ContainerEngine, cluster: string): Promise<readonly ClusterNode[]> {
  const nodes = await listNodes(engine, cluster);
  if (nodes.length === 0)
    throw clusterNotFound(
      cluster,
      (await listClusters(engine)).map(({ name }) => name),
    );
  return nodes;
}

/** A node of any cluster, by its name; throws NODE_NOT_FOUND. */
export async function findNode(engine: ContainerEngine, name: string): Promise<ClusterNode> {
  const nodes = await listNodes(engine, undefined);
  const found = nodes.find((node) => node.name === name);
  if (found === undefined)
    throw nodeNotFound(
      name,
      nodes.map((node) => node.name),
    );
  return found;
}

/** The first control plane of a cluster; throws CLUSTER_NOT_FOUND. */
export async function controlPlaneOf(engine: ContainerEngine, cluster: string): Promise<ClusterNode> {
  const nodes = await nodesOf(engine, cluster);
  return nodes.find(({ role }) => role === 'control-plane') ?? (nodes[0] as ClusterNode);
}
