import { codeOf } from '../../base/errors.ts';
import type { NodeConfig } from '../../config/model.ts';
import { chooseHostPorts } from '../free-ports.ts';
import { renderNodeContainer, wantedPorts } from '../node-container.ts';
import { type CreateContext, need } from './plan-types.ts';

/** A port that was free when it was chosen can be taken by the time it is used. */
const maxTries = 3;

/** Starts a node's container; whether the machine inside is up is seen when it is first used. */
export async function bootNode(context: CreateContext, node: NodeConfig): Promise<void> {
  const { engine, config, signal, env, undo } = context;
  const wanted = wantedPorts(config, node);
  for (let tries = 1; ; tries += 1) {
    const spec = renderNodeContainer({
      cluster: config,
      node,
      image: need(context, 'image')[node.name] ?? '',
      ipv4Address: need(context, 'bootstrap').addresses[node.name] ?? '',
      ports: await chooseHostPorts(wanted),
      networkSubnet: need(context, 'network').subnet,
      env,
    });
    try {
      await engine.runContainer(spec, signal);
      undo(`remove ${node.name}`, () => engine.removeContainer(node.name));
      return;
    } catch (error) {
      const chosenHere = wanted.some(({ hostPort }) => hostPort === 0);
      if (codeOf(error) !== 'PORT_BUSY' || !chosenHere || tries >= maxTries) throw error;
    }
  }
}
