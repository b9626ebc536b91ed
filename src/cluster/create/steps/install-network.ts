import type { ProgressEvent } from '../../../base/progress.ts';
import { factsOf, installNetwork, planNetwork, readClusterSettings } from '../../cni/index.ts';
import { need, remainingWaitMs, type Step } from '../plan-types.ts';

/** Another network than klab's own, fitted to the nodes that there are now, until traffic between them flows. */
export const installNetworkStep: Step = {
  title: 'Installing the network',
  isNeeded: ({ made }) => made.wantedNetwork !== undefined,
  async run(context) {
    const { engine, config, clock, signal, waitMs, detail } = context;
    const api = need(context, 'api');
    const nodes = config.nodes.map(({ name }) => name);
    const settings = await readClusterSettings(api, signal);
    const plan = planNetwork(need(context, 'wantedNetwork'), settings, await factsOf(engine, nodes, signal), 'auto');
    const progress = (event: ProgressEvent) => {
      if (event.type === 'stepStarted') detail(event.step);
      if (event.type === 'stepDetail') detail(event.text);
    };
    await installNetwork(plan, {
      engine,
      api,
      clock,
      signal,
      progress,
      cluster: config.name,
      nodes,
      settings,
      waitMs: waitMs > 0 ? Math.max(1, remainingWaitMs(context)) : 0,
      // What fails here takes the whole cluster with it, unless that is retained.
      retain: true,
    });
  },
};
