import { join } from 'node:path';
import { KubeletConfigError } from '../../config/index.ts';
import { type StateFile, stateFile } from '../state-file.ts';
import { type CpuCheckpoint, parseCpuCheckpoint, renderCpuCheckpoint } from './checkpoint.ts';
import { type CpuSet, noCpus, parseCpuSet } from './cpu-set.ts';
import type { CpuTopology } from './cpu-topology.ts';
import { type CpuManager, findCpuStateProblem, initialCpuState, staticCpus } from './manager.ts';
import type { CpuPolicyOptions } from './options.ts';
import { type CpuRules, takeCpus } from './policy.ts';

export interface CpuSettings {
  readonly policy: 'none' | 'static';
  readonly options: CpuPolicyOptions;
  /** CPUs that are the system's; undefined: as many as `reservedMilli` says. */
  readonly reservedCpus: string | undefined;
  readonly reservedMilli: number;
}

/** Which CPUs no container has for itself. Throws when there are none, or not as many as wanted. */
export function decideReserved(topology: CpuTopology, settings: CpuSettings): CpuSet {
  const named = parseCpuSet(settings.reservedCpus ?? '');
  const count = named.size > 0 ? named.size : Math.ceil(settings.reservedMilli / 1000);
  if (count === 0)
    throw new KubeletConfigError(
      '[cpumanager] the static policy requires systemreserved.cpu + kubereserved.cpu to be greater than zero',
    );
  const all = new Set(topology.map(({ id }) => id));
  if (named.size > 0) {
    if ([...named].some((cpu) => !all.has(cpu)))
      throw new KubeletConfigError('[cpumanager] reservedSystemCPUs names CPUs that this machine does not have');
    return named;
  }
  const choice = takeCpus({ topology, options: settings.options }, all, count);
  if (choice.kind === 'impossible')
    throw new KubeletConfigError(`[cpumanager] unable to reserve the required amount of CPUs: ${choice.because}`);
  return choice.cpus;
}

export interface OpenCpus {
  readonly file: StateFile<CpuCheckpoint>;
  /** Undefined: the policy is none. */
  readonly manager: CpuManager | undefined;
  readonly reserved: CpuSet;
}

/** Goes on with what an earlier run left in `cpu_manager_state`. Throws when that does not fit. */
export function openCpus(rootDir: string, settings: CpuSettings, topologyOf: () => CpuTopology): OpenCpus {
  const rules: CpuRules | undefined = settings.policy === 'static' ? staticRules(topologyOf(), settings) : undefined;
  const file = stateFile<CpuCheckpoint>(join(rootDir, 'cpu_manager_state'), settings.policy, {
    what: 'CPU manager',
    parse: parseCpuCheckpoint,
    render: renderCpuCheckpoint,
    findProblem: ({ state }) => rules && findCpuStateProblem(rules, state),
  });
  const saved = file.read();
  if (rules === undefined) return { file, manager: undefined, reserved: noCpus };
  const initial = saved === undefined || saved.state.shared.size === 0 ? initialCpuState(rules) : saved.state;
  return { file, manager: staticCpus(rules, initial), reserved: rules.reserved };
}

const staticRules = (topology: CpuTopology, settings: CpuSettings): CpuRules => ({
  topology,
  options: settings.options,
  reserved: decideReserved(topology, settings),
});
