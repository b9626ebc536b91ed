import { isNotFound } from '../api/errors.ts';
import type { ContainerEngine } from '../engine/port.ts';
import { connectCluster } from './connect.ts';
import { notAWorker } from './errors.ts';
import { findNode } from './list.ts';

/**
 * Removes workers from their clusters: the containers with their data, then the Node objects, so that their pods go
 * elsewhere. Nothing is removed when one of the names is wrong. Throws NODE_NOT_FOUND, NOT_A_WORKER.
 */
export async function deleteNodes(engine: ContainerEngine, names: readonly string[]): Promise<readonly string[]> {
  const nodes = await Promise.all([...new Set(names)].map((name) => findNode(engine, name)));
  for (const { name, role } of nodes) if (role === 'control-plane') throw notAWorker(name);
  for (const { name, cluster } of nodes) {
    await engine.removeContainer(name);
    const api = await connectCluster(engine, cluster);
    try {
      await api.delete(`/api/v1/nodes/${name}`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    } finally {
      api.closeConnections();
    }
  }
  return nodes.map(({ name }) => name);
}
