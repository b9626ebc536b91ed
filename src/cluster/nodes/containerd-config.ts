import type { ClusterConfig } from '../../config/model.ts';
import { patchContainerdConfig } from '../../config/patches/toml.ts';
import type { ContainerEngine } from '../../engine/port.ts';
import { packFiles } from '../file-archive.ts';
import { runOnNode } from '../node-command.ts';

const path = '/etc/containerd/config.toml';

/** Applies the config's containerd patches on a node and restarts containerd; without patches nothing is touched. */
export async function placeContainerdConfig(
  engine: ContainerEngine,
  node: string,
  config: ClusterConfig,
): Promise<void> {
  const { containerdConfigPatches: merges, containerdConfigPatchesJSON6902: operations } = config;
  if (merges.length === 0 && operations.length === 0) return;
  const text = await runOnNode(engine, node, ['cat', path]);
  await engine.putArchive(
    node,
    '/',
    packFiles(new Map([[path, { text: patchContainerdConfig(text, merges, operations), mode: 0o644 }]])),
  );
  await runOnNode(engine, node, ['systemctl', 'restart', 'containerd']);
}
