import type { ClusterConfig, ExtraMount, ExtraPortMapping, NodeConfig } from '../model.ts';
import type { Problem } from '../problem.ts';
import { validateLabels } from './labels.ts';
import { validateAddress } from './networking.ts';
import { validatePort } from './ports.ts';
import { validateSysctls } from './sysctls.ts';

const MIN_MEMORY_BYTES = 64 * 2 ** 20;

export function validateNodes(config: ClusterConfig): readonly Problem[] {
  return [...needsControlPlane(config), ...config.nodes.flatMap((node, i) => validateNode(node, `nodes[${i}]`))];
}

function needsControlPlane(config: ClusterConfig): readonly Problem[] {
  if (config.nodes.some((node) => node.role === 'control-plane')) return [];
  return [{ path: 'nodes', message: 'no node is a control plane: add one with "- role: control-plane"' }];
}

function validateNode(node: NodeConfig, path: string): readonly Problem[] {
  return [
    ...validateImage(node.image, `${path}.image`),
    ...validateLabels(node.labels, `${path}.labels`),
    ...node.extraMounts.flatMap((mount, i) => validateMount(mount, `${path}.extraMounts[${i}]`)),
    ...mountPointsApart(node.extraMounts, `${path}.extraMounts`),
    ...node.extraPortMappings.flatMap((mapping, i) => validateMapping(mapping, `${path}.extraPortMappings[${i}]`)),
    ...validateSysctls(node.sysctls, `${path}.sysctls`),
    ...validateResources(node.resources, `${path}.resources`),
  ];
}

function validateImage(image: string | undefined, path: string): readonly Problem[] {
  if (image === undefined || /^[\w.:/@[\]-]+$/.test(image)) return [];
  return [{ path, message: `${JSON.stringify(image)} is not an image: write one like example.com/node:v1` }];
}

function validateMount(mount: ExtraMount, path: string): readonly Problem[] {
  const problems: Problem[] = [];
  if (mount.hostPath === '') {
    problems.push({ path: `${path}.hostPath`, message: 'is missing: name a file or folder on this machine' });
  }
  if (mount.containerPath === '') {
    problems.push({ path: `${path}.containerPath`, message: 'is missing: say where the node is to see it' });
  } else if (!mount.containerPath.startsWith('/')) {
    const message = `${JSON.stringify(mount.containerPath)} is not absolute: begin it with a slash`;
    problems.push({ path: `${path}.containerPath`, message });
  }
  return problems;
}

function mountPointsApart(mounts: readonly ExtraMount[], path: string): readonly Problem[] {
  return mounts.flatMap(({ containerPath }, i) => {
    const first = mounts.findIndex((other) => other.containerPath === containerPath);
    if (containerPath === '' || first === i) return [];
    const message = `${containerPath} is already where ${path}[${first}] is mounted: choose another place`;
    return [{ path: `${path}[${i}].containerPath`, message }];
  });
}

function validateMapping(mapping: ExtraPortMapping, path: string): readonly Problem[] {
  const { containerPort } = mapping;
  const problems: Problem[] = [];
  if (containerPort < 1 || containerPort > 65535) {
    const fault = containerPort === 0 ? 'is missing' : `${containerPort} is not a port`;
    problems.push({ path: `${path}.containerPort`, message: `${fault}: use 1 to 65535, the port on the node` });
  }
  return [
    ...problems,
    ...validatePort(mapping.hostPort, `${path}.hostPort`),
    ...validateAddress(mapping.listenAddress, `${path}.listenAddress`),
  ];
}

function validateResources({ cpus, memoryBytes }: NodeConfig['resources'], path: string): readonly Problem[] {
  const problems: Problem[] = [];
  if (cpus !== undefined && cpus < 0.01) {
    problems.push({ path: `${path}.cpus`, message: `${cpus} is too little: give at least 0.01 of a core` });
  }
  if (memoryBytes !== undefined && memoryBytes < MIN_MEMORY_BYTES) {
    problems.push({ path: `${path}.memory`, message: `${memoryBytes} bytes is too little: give at least 64Mi` });
  }
  return problems;
}
