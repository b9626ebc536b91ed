import type { Node, Pod } from '../../../api/types.ts';
import { messageOf } from '../../../base/errors.ts';
import { waitUntil } from '../../../base/wait-until.ts';
import { clusterNotReady } from '../../errors.ts';
import { kubeletLogTail } from '../../node-command.ts';
import { type CreateContext, firstControlPlane, need, remainingWaitMs, type Step } from '../plan-types.ts';
import { type Missing, missingForReady } from '../readiness.ts';

/** Asks cluster DNS for the API server's own name, from a node and through the service address. */
async function dnsAnswers({ engine, config, signal }: CreateContext, node: string): Promise<boolean> {
  const base = config.networking.serviceSubnet.split(',')[0] ?? '';
  const server = base.replace(/\.\d+\/\d+$/, '.10');
  const script = `const { Resolver } = require('node:dns').promises;
const r = new Resolver({ timeout: 900, tries: 1 });
r.setServers([${JSON.stringify(server)}]);
r.resolve4('kubernetes.default.svc.cluster.local').then((a) => process.exit(a.length ? 0 : 1), () => process.exit(1));`;
  const { exitCode } = await engine.exec(node, ['/usr/lib/klab/bin/node', '-e', script], { signal, timeoutMs: 10_000 });
  return exitCode === 0;
}

/** The cluster is usable: its nodes are Ready and its DNS answers; without a network, all that can run without one runs. */
export const waitForReady: Step = {
  title: 'Waiting for the cluster to be ready',
  isNeeded: ({ waitMs }) => waitMs > 0,
  async run(context) {
    const { engine, config, clock, signal, waitMs, detail } = context;
    const api = need(context, 'api');
    let missing: Missing | undefined;
    let said = '';
    const look = async (): Promise<true | string> => {
      try {
        const [nodes, pods] = await Promise.all([
          api.list<Node>('/api/v1/nodes', { signal }),
          api.list<Pod>('/api/v1/namespaces/kube-system/pods', { signal }),
        ]);
        missing = missingForReady(config, nodes.items, pods.items);
        if (missing === undefined && config.networking.cni.kind !== 'none') {
          if (!(await dnsAnswers(context, firstControlPlane(context).name)))
            missing = { text: 'cluster DNS does not answer' };
        }
      } catch (error) {
        signal.throwIfAborted();
        missing = { text: messageOf(error) };
      }
      if (missing === undefined) return true;
      if (missing.text !== said) detail(missing.text);
      said = missing.text;
      return missing.text;
    };
    const ready = await waitUntil(look, { clock, everyMs: 200, timeoutMs: remainingWaitMs(context), signal });
    if (ready.kind === 'timedOut') {
      const node = missing?.node;
      throw clusterNotReady(waitMs, ready.lastSeen, node === undefined ? '' : await kubeletLogTail(engine, node));
    }
  },
};
