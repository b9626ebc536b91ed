import type { NodeConfig } from '../../config/model.ts';
import { packFiles } from '../file-archive.ts';
import { placeContainerdConfig } from '../nodes/containerd-config.ts';
import { type CreateContext, need } from './plan-types.ts';

/**
 * A node's files, in one archive. The kubelet's unit starts by itself at boot once its configuration is there, so a
 * node gets its files no sooner than its kubelet can do something.
 */
export async function placeFiles(context: CreateContext, node: NodeConfig): Promise<void> {
  const { engine, config } = context;
  const files = new Map(need(context, 'files').get(node.name) ?? []);
  files.set('/etc/klab/kubelet-implementation', { text: `${node.kubelet}\n`, mode: 0o644 });
  await engine.putArchive(node.name, '/', packFiles(files));
  await placeContainerdConfig(engine, node.name, config);
}
