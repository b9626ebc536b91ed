import type { Node } from '../../../api/types.ts';
import { messageOf } from '../../../base/errors.ts';
import { waitUntil } from '../../../base/wait-until.ts';
import { renderNodeMarks } from '../../../bootstrap/index.ts';
import { allSettled } from '../../all-settled.ts';
import { nodeNotJoined } from '../../errors.ts';
import { kubeletLogTail } from '../../node-command.ts';
import { troubleWatch } from '../../node-trouble.ts';
import { need, remainingWaitMs, type Step } from '../plan-types.ts';

/** For those who do not wait for the cluster to be usable: it must at least be what was asked for. */
const registrationTimeoutMs = 120_000;

/** Labels, annotations and taints, for each node as soon as it has registered. */
export const markNodes: Step = {
  title: 'Registering nodes',
  async run(context) {
    const { engine, config, clock, signal, waitMs } = context;
    const timeoutMs = waitMs === 0 ? registrationTimeoutMs : remainingWaitMs(context);
    const api = need(context, 'api');
    const mark = async (name: string) => {
      const path = `/api/v1/nodes/${name}`;
      const trouble = troubleWatch(engine, clock, name);
      const look = async (): Promise<true | string> => {
        try {
          const node = await api.get<Node>(path, { signal });
          const marks = renderNodeMarks(need(context, 'bootstrap'), name, node.spec?.taints ?? []);
          await api.patch(path, 'merge', marks, { signal });
          return true;
        } catch (error) {
          signal.throwIfAborted();
          const found = await trouble();
          if (found !== undefined) throw nodeNotJoined(name, found.text, found.log);
          return messageOf(error);
        }
      };
      const marked = await waitUntil(look, { clock, everyMs: 100, timeoutMs, signal });
      if (marked.kind === 'timedOut') {
        const seconds = Math.round(timeoutMs / 1000);
        const text = `it has not registered within ${seconds}s: ${marked.lastSeen}`;
        throw nodeNotJoined(name, text, await kubeletLogTail(engine, name));
      }
    };
    await allSettled(config.nodes, ({ name }) => mark(name));
  },
};
