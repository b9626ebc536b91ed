import { existsSync } from 'node:fs';
import type { Node, Pod } from '../../api/types.ts';
import {
  type AdmissionVerdict,
  decideAdmission,
  decideWithFreshLabels,
  nodeForAdmission,
  preemptor,
  safeSysctlsOf,
  withHeld,
} from '../admission/index.ts';
import type { DeviceManager } from '../devices/index.ts';
import type { Pleg } from '../pleg/index.ts';
import { uidOf } from '../pod-facts.ts';
import type { openPlacement } from '../topology/index.ts';
import type { createPodWorkers } from '../workers/index.ts';
import type { Foundation } from './foundation.ts';
import type { NodeParts } from './node.ts';

export interface AdmissionInputs extends Pick<NodeParts, 'machine' | 'node' | 'pressure'> {
  readonly devices: DeviceManager;
  readonly pleg: Pleg;
  readonly placement: ReturnType<typeof openPlacement>;
  readonly workers: ReturnType<typeof createPodWorkers>;
}

/** Whether this node takes a pod beside `others`: what it offers, what it is short of, and where the pod's CPUs are. */
export function podAdmission(
  { config, journal, api }: Foundation,
  { machine, node, pressure, devices, pleg, placement, workers }: AdmissionInputs,
) {
  const appArmor = existsSync('/sys/kernel/security/apparmor/profiles');
  const sysctls = [...safeSysctlsOf(machine.kernelVersion), ...(config.allowedUnsafeSysctls ?? [])];
  const preempt = preemptor({ journal, workers });
  return async (pod: Pod, others: readonly Pod[]): Promise<AdmissionVerdict> => {
    const readNode = api && (() => api.get<Node>(`/api/v1/nodes/${node.name}`));
    const verdict = await decideWithFreshLabels(node, readNode, (facts) =>
      decideAdmission(pod, others, {
        node: withHeld(nodeForAdmission(facts), devices.held()),
        sysctls,
        appArmor,
        // What runs already is the eviction manager's to choose from, one at a time.
        pressure: pleg.get(uidOf(pod))?.containers.some(({ state }) => state === 'running')
          ? []
          : pressure.conditions(),
        shuttingDown: pressure.shuttingDown(),
      }),
    );
    if (!verdict.admitted) return verdict;
    if (verdict.preempting !== undefined) await preempt(pod, verdict.preempting);
    const placed = await placement.admit(pod, others);
    if (placed.kind === 'refused') return { admitted: false, reason: placed.reason, message: placed.message };
    return verdict;
  };
}
