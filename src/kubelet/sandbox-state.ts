import type { Pod } from '../api/types.ts';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from './observed.ts';
import { isHostNetwork } from './pod-facts.ts';

/** Whether the pod's newest sandbox will do, and why not. */
export type SandboxVerdict =
  | { readonly kind: 'good'; readonly sandbox: ObservedSandbox }
  | {
      readonly kind: 'needed';
      readonly because: string;
      /** Attempt number of the sandbox to be made. */
      readonly attempt: number;
      readonly replaces: ObservedSandbox | undefined;
    };

/** A sandbox does when it is the newest, ready, the only ready one, in the right network, and has an address there. */
export function judgeSandbox(pod: Pod, seen: ObservedPod): SandboxVerdict {
  const newest = seen.sandboxes[0];
  if (newest === undefined) {
    return { kind: 'needed', because: 'no pod sandbox exists', attempt: 0, replaces: undefined };
  }
  const needed = (because: string): SandboxVerdict => ({
    kind: 'needed',
    because,
    attempt: newest.attempt + 1,
    replaces: newest,
  });
  if (seen.sandboxes.filter(({ ready }) => ready).length > 1)
    return needed('multiple pod sandboxes are ready and need to be reconciled');
  if (!newest.ready) return needed('pod sandbox is not ready');
  if ((newest.networkMode === 'node') !== isHostNetwork(pod))
    return needed('network namespace mode changed and sandbox needs to be recreated');
  if (!isHostNetwork(pod) && newest.ips.length === 0) return needed('pod sandbox has no IP address');
  return { kind: 'good', sandbox: newest };
}

/** The containers of the newest sandbox, as long as that one is ready. */
export function activeContainers(seen: ObservedPod): readonly ObservedContainer[] {
  const newest = seen.sandboxes[0];
  return newest?.ready ? seen.containers.filter(({ sandboxId }) => sandboxId === newest.id) : [];
}

/** A regular container was made in the newest sandbox, so every init container has done its work there. */
export function anyRegularContainerActive(pod: Pod, seen: ObservedPod): boolean {
  const regular = new Set(pod.spec?.containers.map(({ name }) => name));
  return activeContainers(seen).some(({ name }) => regular.has(name));
}
