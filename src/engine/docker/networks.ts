import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';
import type Docker from 'dockerode';
import { messageOf } from '../../base/errors.ts';
import { engineFailed } from '../errors.ts';
import type { ContainerEngine, NetworkInfo } from '../port.ts';
import { isStatus } from './status.ts';

type NetworkMethods = Pick<ContainerEngine, 'ensureNetwork' | 'inspectNetwork' | 'removeNetwork'>;

/** Private ranges to try, in order; Docker's own default bridge is the one before them. */
const subnetCandidates = [
  ...Array.from({ length: 14 }, (_, i) => `172.${18 + i}.0.0/16`),
  ...Array.from({ length: 8 }, (_, i) => `192.168.${16 + i * 16}.0/20`),
];

/** The candidates that this machine has no address in: a range of its own would be cut off. */
const freeSubnets = (): readonly string[] => {
  const taken = new BlockList();
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { cidr, family } of addresses ?? []) {
      const [address, bits] = cidr?.split('/') ?? [];
      if (family === 'IPv4' && address !== undefined) taken.addSubnet(address, Number(bits), 'ipv4');
    }
  }
  return subnetCandidates.filter((subnet) => !taken.check(subnet.replace(/0\/\d+$/, '1'), 'ipv4'));
};

/** `172.18.0.0/16` → `172.18.128.0/17` */
export function upperHalf(subnet: string): string {
  const [base = '', bits = ''] = subnet.split('/');
  const bytes = base.split('.').map(Number);
  const bit = Number(bits);
  const at = Math.floor(bit / 8);
  bytes[at] = (bytes[at] ?? 0) | (128 >> (bit % 8));
  return `${bytes.join('.')}/${bit + 1}`;
}

const mtuOption = 'com.docker.network.driver.mtu';

export function networkMethods(docker: Docker): NetworkMethods {
  async function inspectNetwork(name: string): Promise<NetworkInfo | undefined> {
    try {
      const { Name, Id, IPAM, Labels, Containers } = await docker.getNetwork(name).inspect();
      const ranges = IPAM?.Config ?? [];
      return {
        name: Name,
        id: Id,
        subnets: ranges.flatMap(({ Subnet }) => Subnet ?? []),
        gateways: ranges.flatMap(({ Gateway }) => Gateway?.split('/')[0] ?? []),
        addresses: Object.values(Containers ?? {}).flatMap(({ IPv4Address }) => IPv4Address.split('/')[0] ?? []),
        labels: Labels ?? {},
      };
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw engineFailed(`cannot look at the network ${name}`, error);
    }
  }

  /** That of Docker's own bridge: a larger one would lose packets on hosts whose uplink takes less. */
  async function bridgeMtu(): Promise<string | undefined> {
    try {
      const { Options } = await docker.getNetwork('bridge').inspect();
      return Options?.[mtuOption];
    } catch {
      return undefined;
    }
  }

  /** Engines before 23 let two that ask at the same time make a network of the same name each: the older one stays. */
  async function removeTwins(name: string): Promise<void> {
    const found = await docker.listNetworks({ filters: { name: [name] } });
    const twins = found
      .filter((network) => network.Name === name)
      .sort((a, b) => `${a.Created}${a.Id}`.localeCompare(`${b.Created}${b.Id}`));
    for (const { Id } of twins.slice(1)) {
      // One that got a container in the meantime cannot be removed, and is then the caller's to see.
      await docker
        .getNetwork(Id)
        .remove()
        .catch(() => undefined);
    }
  }

  return {
    inspectNetwork,
    async ensureNetwork(name, labels) {
      const existing = await inspectNetwork(name);
      if (existing !== undefined) return existing;
      const mtu = await bridgeMtu();
      const create = (subnet: string) =>
        docker.createNetwork({
          Name: name,
          Driver: 'bridge',
          CheckDuplicate: true,
          Labels: { ...labels },
          // Nodes have fixed addresses, and the engine allows these only where the range was chosen by the user.
          // Those it chooses itself come from the upper half, so that none of them takes a stopped node's.
          IPAM: {
            Driver: 'default',
            Config: [{ Subnet: subnet, Gateway: subnet.replace(/0\/\d+$/, '1'), IPRange: upperHalf(subnet) }],
          },
          Options: {
            'com.docker.network.bridge.enable_ip_masquerade': 'true',
            ...(mtu === undefined ? {} : { [mtuOption]: mtu }),
          },
        });
      for (const subnet of freeSubnets()) {
        try {
          await create(subnet);
          break;
        } catch (error) {
          // Another klab made it in the meantime.
          if (isStatus(error, 409)) break;
          if (!/overlaps/i.test(messageOf(error))) throw engineFailed(`cannot create the network ${name}`, error);
        }
      }
      await removeTwins(name);
      const made = await inspectNetwork(name);
      if (made === undefined)
        throw engineFailed(`cannot create the network ${name}`, 'every private range to choose from is in use');
      return made;
    },
    async removeNetwork(name) {
      try {
        await docker.getNetwork(name).remove();
      } catch (error) {
        if (!isStatus(error, 404)) throw engineFailed(`cannot remove the network ${name}`, error);
      }
    },
  };
}
