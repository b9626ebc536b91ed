import type { Pod } from '../../api/types.ts';
import { hashContainer } from '../containers/hash.ts';
import type { ObservedPod } from '../observed.ts';
import { aContainer, aSeenPod, aSidecar, noon } from '../test-builders.ts';
import type { PodAction } from './actions.ts';
import { type DecisionInputs, decidePodActions } from './decide.ts';

export const calm: DecisionInputs = {
  now: noon,
  hashOf: hashContainer,
  liveness: () => 'success',
  startup: () => 'success',
  retryOf: () => undefined,
  restartingAll: false,
  resize: { restarts: new Set(), updates: [], onStart: new Set(), pod: false, underWay: false },
};

/** `startContainer main`, `createSandbox`, …: kind and whom it is about. */
export const brief = (action: PodAction): string =>
  'container' in action ? `${action.kind} ${action.container}` : action.kind;

export const decide = (pod: Pod, seen: ObservedPod, inputs: Partial<DecisionInputs> = {}) =>
  decidePodActions(pod, seen, { ...calm, ...inputs }).map(brief);

export const nothing = aSeenPod([], { sandboxes: [], ips: [] });
export const two = { containers: [aContainer('a'), aContainer('b')] };
export const withInit = { initContainers: [aContainer('one'), aContainer('two')], containers: [aContainer('main')] };
export const withSidecar = {
  initContainers: [aContainer('one'), aSidecar('side'), aContainer('two')],
  containers: [aContainer('main')],
};
