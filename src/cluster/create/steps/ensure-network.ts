import { newBootstrapToken } from '../../../bootstrap/index.ts';
import { chooseAddresses, overlap } from '../../addresses.ts';
import { noAddressLeft, subnetsOverlap } from '../../errors.ts';
import { networkLabels, networkName } from '../../labels.ts';
import { listNodes } from '../../list.ts';
import { need, type Step } from '../plan-types.ts';

/** The network of all clusters, and an address on it for each node: fixed, so that every file can be rendered before a node boots. */
export const ensureNetwork: Step = {
  title: 'Preparing network',
  async run(context) {
    const { engine, config, clock, made } = context;
    const network = await engine.ensureNetwork(networkName, networkLabels);
    const subnet = network.subnets.find((range) => !range.includes(':')) ?? '';
    for (const field of ['podSubnet', 'serviceSubnet'] as const) {
      for (const range of config.networking[field].split(',')) {
        if (!range.includes(':') && overlap(range, subnet)) throw subnetsOverlap(field, range, subnet);
      }
    }
    const taken = (await listNodes(engine, undefined)).map(({ container }) => fixedAddress(container.raw) ?? '');
    const addresses = chooseAddresses(
      subnet,
      [...taken, ...network.gateways],
      config.nodes.map(({ name }) => name),
    );
    if (addresses === undefined) throw noAddressLeft(subnet);
    made.network = { ...network, subnet };
    made.bootstrap = {
      cluster: config,
      kubernetesVersion: need(context, 'kubernetesVersion'),
      addresses,
      apiServer: { hostAddress: config.networking.apiServerAddress },
      token: newBootstrapToken(),
      now: new Date(clock.now()),
    };
  },
};

/** The address a container was given, also while it is stopped and holds none. */
function fixedAddress(raw: unknown): string | undefined {
  const networks = (
    raw as { NetworkSettings?: { Networks?: Record<string, { IPAMConfig?: { IPv4Address?: string } | null }> } }
  ).NetworkSettings?.Networks;
  return networks?.[networkName]?.IPAMConfig?.IPv4Address;
}
