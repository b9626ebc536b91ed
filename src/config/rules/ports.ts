import type { ClusterConfig } from '../model.ts';
import type { Problem } from '../problem.ts';

/** A port that a host listens on: 0 and -1 let klab or the engine choose. */
export function validatePort(port: number, path: string): readonly Problem[] {
  if (port >= -1 && port <= 65535) return [];
  return [{ path, message: `${port} is not a port: use 1 to 65535, or 0 to have a free one chosen` }];
}

/** A port of the host that is asked for twice, on one node, on two, or also for the API server. */
export function validatePortsApart(config: ClusterConfig): readonly Problem[] {
  const taken: TakenPort[] = [];
  const problems: Problem[] = [];
  const { apiServerAddress, apiServerPort } = config.networking;
  if (apiServerPort > 0) {
    taken.push({ path: 'networking.apiServerPort', address: apiServerAddress, port: apiServerPort, protocol: 'TCP' });
  }
  for (const [n, node] of config.nodes.entries()) {
    for (const [m, mapping] of node.extraPortMappings.entries()) {
      if (mapping.hostPort <= 0) continue;
      const path = `nodes[${n}].extraPortMappings[${m}]`;
      const wanted = { path, address: mapping.listenAddress, port: mapping.hostPort, protocol: mapping.protocol };
      const clash = taken.find((other) => clashes(other, wanted));
      if (clash === undefined) {
        taken.push(wanted);
        continue;
      }
      const message = `${wanted.protocol} port ${wanted.port} of the host is already taken by ${clash.path}: choose another, or leave hostPort out`;
      problems.push({ path: `${path}.hostPort`, message });
    }
  }
  return problems;
}

interface TakenPort {
  readonly path: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
}

function clashes(a: TakenPort, b: TakenPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  return a.address === b.address || isWildcard(a.address) || isWildcard(b.address);
}

const isWildcard = (address: string): boolean => /^[0:.]+$/.test(address);
