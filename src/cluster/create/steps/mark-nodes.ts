import type { Node } from '../../../api/types.ts';
import { messageOf } from '../../../base/errors.ts';
import { waitUntil } from '../../../base/wait-until.ts';
import { renderNodeMarks } from '../../../bootstrap/index.ts';
import { clusterNotReady } from '../../errors.ts';
import { kubeletLogTail } from '../../node-command.ts';
import { need, type Step } from '../plan-types.ts';

const registrationTimeoutMs = 120_000;

/** Labels, annotations and taints, for each node as soon as it has registered. */
export const markNodes: Step = {
  title: 'Registering nodes',
  async run(context) {
    const { engine, config, clock, signal } = context;
    const api = need(context, 'api');
    const mark = async (name: string) => {
      const path = `/api/v1/nodes/${name}`;
      const look = async (): Promise<true | string> => {
        try {
          const node = await api.get<Node>(path, { signal });
          const marks = renderNodeMarks(need(context, 'bootstrap'), name, node.spec?.taints ?? []);
          await api.patch(path, 'merge', marks, { signal });
          return true;
        } catch (error) {
          signal.throwIfAborted();
          return `node ${name}: ${messageOf(error)}`;
        }
      };
      const marked = await waitUntil(look, { clock, everyMs: 100, timeoutMs: registrationTimeoutMs, signal });
      if (marked.kind === 'timedOut') {
        throw clusterNotReady(
          registrationTimeoutMs,
          `${marked.lastSeen} (it has not registered)`,
          await kubeletLogTail(engine, name),
        );
      }
    };
    await Promise.all(config.nodes.map(({ name }) => mark(name)));
  },
};
