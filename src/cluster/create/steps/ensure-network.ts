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
    const ofNodes = (await listNodes(engine, undefined)).map(({ address }) => address ?? '');
    const taken = [...ofNodes, ...network.addresses, ...network.gateways, ...(made.lostAddresses ?? [])];
    const names = config.nodes.map(({ name }) => name);
    const addresses = chooseAddresses(subnet, taken, names);
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
