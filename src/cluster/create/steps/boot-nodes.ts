import { renderNodeContainer } from '../../node-container.ts';
import { need, type Step } from '../plan-types.ts';

/** Starts every node's container; whether the machine inside is up is seen when it is first used. */
export const bootNodes: Step = {
  title: 'Preparing nodes',
  async run(context) {
    const { engine, config, signal, env, undo } = context;
    const images = need(context, 'image');
    const { subnet } = need(context, 'network');
    const { addresses } = need(context, 'bootstrap');
    const boot = async (node: (typeof config.nodes)[number]) => {
      const spec = renderNodeContainer({
        cluster: config,
        node,
        image: images[node.name] ?? '',
        ipv4Address: addresses[node.name] ?? '',
        networkSubnet: subnet,
        env,
      });
      await engine.runContainer(spec, signal);
      undo(`remove ${node.name}`, () => engine.removeContainer(node.name));
    };
    // The first alone: it finds out how much the engine grants, which the others then need not try.
    const [first, ...others] = config.nodes;
    if (first !== undefined) await boot(first);
    const results = await Promise.allSettled(others.map(boot));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  },
};
