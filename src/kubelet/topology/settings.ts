import { featuresOf, KubeletConfigError, type KubeletConfiguration, parseGoDuration } from '../config/index.ts';
import { milliOf, unitsOf } from '../quantity.ts';
import { parseCpuSet } from './cpu/cpu-set.ts';
import type { CpuSettings } from './cpu/open.ts';
import { booleans, parseCpuPolicyOptions } from './cpu/options.ts';
import type { MemorySettings } from './memory/open.ts';
import type { ScopeRules } from './scope.ts';

export interface TopologySettings extends Pick<ScopeRules, 'policy' | 'scope'> {
  readonly cpu: CpuSettings;
  readonly memory: MemorySettings;
  readonly reconcileMs: number;
  /** Of as many NUMA nodes, rather those that lie close together. */
  readonly preferClosest: boolean;
  readonly maxNodes: number;
}

const topologyPolicies = ['none', 'best-effort', 'restricted', 'single-numa-node'] as const;
const defaultMaxNodes = 8;

/** What the configuration says of CPUs, memory and NUMA nodes. Throws a KubeletConfigError for what makes no sense. */
export function parseTopologySettings(config: KubeletConfiguration): TopologySettings {
  const isEnabled = featuresOf(config);
  const policy = topologyPolicies.find((name) => name === config.topologyManagerPolicy);
  if (policy === undefined)
    throw new KubeletConfigError(`unknown policy: ${JSON.stringify(config.topologyManagerPolicy)}`);
  const scope = (['container', 'pod'] as const).find((name) => name === config.topologyManagerScope);
  if (scope === undefined)
    throw new KubeletConfigError(`unknown scope: ${JSON.stringify(config.topologyManagerScope)}`);
  const {
    'prefer-closest-numa-nodes': closest,
    'max-allowable-numa-nodes': most,
    ...unknown
  } = config.topologyManagerPolicyOptions ?? {};
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined)
    throw new KubeletConfigError(`unknown Topology Manager Policy option: ${JSON.stringify(stranger)}`);
  const options = asConfigError(() => parseCpuPolicyOptions(config.cpuManagerPolicyOptions ?? {}, isEnabled));
  if (options.alignBySocket && policy === 'single-numa-node')
    throw new KubeletConfigError(
      'Topology manager single-numa-node policy is incompatible with CPUManager align-by-socket policy option',
    );
  const amounts = [config.kubeReserved, config.systemReserved];
  return {
    policy,
    scope,
    preferClosest: booleans.get(closest ?? 'false') ?? false,
    maxNodes: most === undefined ? defaultMaxNodes : Number(most),
    reconcileMs: parseGoDuration(config.cpuManagerReconcilePeriod),
    cpu: {
      policy: nameOf(config.cpuManagerPolicy, ['none', 'static']),
      options,
      reservedCpus: config.reservedSystemCPUs,
      reservedMilli: amounts.reduce((sum, reserved) => sum + milliOf(reserved?.cpu), 0),
    },
    memory: {
      policy: nameOf(config.memoryManagerPolicy, ['None', 'Static']),
      reserved: (config.reservedMemory ?? []).map(({ numaNode, limits }) => ({
        node: numaNode,
        bytes: new Map(Object.entries(limits).map(([resource, quantity]) => [resource, unitsOf(quantity)])),
      })),
      nodeReserved: memoryReservedBy(config),
    },
  };
}

/** By resource, what node allocatable leaves to the system: reserved amounts and the threshold of eviction. */
function memoryReservedBy(config: KubeletConfiguration): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const reserved of [config.kubeReserved, config.systemReserved])
    for (const [resource, quantity] of Object.entries(reserved ?? {}))
      if (resource === 'memory' || resource.startsWith('hugepages-'))
        sums.set(resource, (sums.get(resource) ?? 0) + unitsOf(quantity));
  const threshold = config.evictionHard?.['memory.available'];
  if (threshold !== undefined && !threshold.endsWith('%'))
    sums.set('memory', (sums.get('memory') ?? 0) + unitsOf(threshold));
  return sums;
}

function nameOf<const T extends string>(configured: string, known: readonly T[]): T {
  const name = known.find((each) => each === configured);
  if (name === undefined) throw new KubeletConfigError(`unknown policy: ${JSON.stringify(configured)}`);
  return name;
}

function asConfigError<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new KubeletConfigError(error instanceof Error ? error.message : String(error));
  }
}

/** The configuration with the CPUs of `reservedSystemCPUs` in place of any amount that was reserved. */
export function reservedAsConfigured(config: KubeletConfiguration): KubeletConfiguration {
  if (!config.reservedSystemCPUs) return config;
  const { cpu: _, ...kubeReserved } = config.kubeReserved ?? {};
  const count = asConfigError(() => parseCpuSet(config.reservedSystemCPUs ?? '')).size;
  return { ...config, kubeReserved, systemReserved: { ...config.systemReserved, cpu: String(count) } };
}

/** Policies try every set of NUMA nodes, which is too many on a machine with a lot of them. */
export const findTooManyNodes = ({ maxNodes }: TopologySettings, nodes: number): KubeletConfigError | undefined =>
  nodes <= maxNodes
    ? undefined
    : new KubeletConfigError(`unsupported on machines with more than ${maxNodes} NUMA Nodes`);
