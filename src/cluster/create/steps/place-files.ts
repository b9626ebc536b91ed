import { packFiles } from '../../file-archive.ts';
import { placeContainerdConfig } from '../../nodes/containerd-config.ts';
import { need, type Step } from '../plan-types.ts';

/** One archive for each node. */
export const placeFiles: Step = {
  title: 'Placing files on the nodes',
  async run(context) {
    const { engine, config } = context;
    const place = async (node: (typeof config.nodes)[number]) => {
      const files = new Map(need(context, 'files').get(node.name) ?? []);
      files.set('/etc/klab/kubelet-implementation', { text: `${node.kubelet}\n`, mode: 0o644 });
      await engine.putArchive(node.name, '/', packFiles(files));
      await placeContainerdConfig(engine, node.name, config);
    };
    await Promise.all(config.nodes.map(place));
  },
};
