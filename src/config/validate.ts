import type { ClusterConfig } from './model.ts';
import type { Problem } from './problem.ts';
import { validateName } from './rules/names.ts';
import { validateNetworking } from './rules/networking.ts';
import { validateNodes } from './rules/nodes.ts';
import { validatePatches } from './rules/patches.ts';
import { validatePortsApart } from './rules/ports.ts';
import { validateSysctls } from './rules/sysctls.ts';

/** Everything that is wrong with a cluster, as far as it can be told without looking at the machine. */
export function validateCluster(config: ClusterConfig): readonly Problem[] {
  return [
    ...validateName(config),
    ...validateNodes(config),
    ...validatePortsApart(config),
    ...validateNetworking(config),
    ...validatePatches(config),
    ...validateSysctls(config.sysctls, 'sysctls'),
  ];
}

/** What is right but not built yet: answered, never ignored. */
export function notYet(config: ClusterConfig): readonly Problem[] {
  const { ipFamily } = config.networking;
  const problems: Problem[] = [];
  const controlPlanes = config.nodes.filter((node) => node.role === 'control-plane').length;
  if (controlPlanes > 1) {
    const message = `${controlPlanes} control planes are not supported yet: use one, and as many workers as you like`;
    problems.push({ path: 'nodes', message });
  }
  if (ipFamily !== 'ipv4') {
    problems.push({ path: 'networking.ipFamily', message: `${ipFamily} is not supported yet: use ipv4` });
  }
  for (const [i, { host }] of config.nodes.entries()) {
    if (host === undefined) continue;
    const message = `nodes on other machines (${host}) are not supported yet: leave it out`;
    problems.push({ path: `nodes[${i}].host`, message });
  }
  return problems;
}
