import { access } from 'node:fs/promises';
import { clusterExists, mountSourceMissing } from '../../errors.ts';
import { checkKubeconfig } from '../../kubeconfig/files.ts';
import { listNodes } from '../../list.ts';
import type { Step } from '../plan-types.ts';

/** Whatever would make a later step fail and can be known now. */
export const checkHost: Step = {
  title: 'Checking this machine',
  async run({ engine, signal, config, kubeconfig }) {
    await engine.info(signal);
    if ((await listNodes(engine, config.name)).length > 0) throw clusterExists(config.name);
    for (const node of config.nodes) {
      for (const { hostPath } of node.extraMounts) {
        await access(hostPath).catch(() => {
          throw mountSourceMissing(node.name, hostPath);
        });
      }
    }
    await checkKubeconfig(kubeconfig);
  },
};
