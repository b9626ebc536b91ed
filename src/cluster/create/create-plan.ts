import type { Step } from './plan-types.ts';
import { applyAddons } from './steps/apply-addons.ts';
import { applyJoinObjects } from './steps/apply-join-objects.ts';
import { bootControlPlane } from './steps/boot-control-plane.ts';
import { bootWorkers } from './steps/boot-workers.ts';
import { checkHost } from './steps/check-host.ts';
import { ensureImage } from './steps/ensure-image.ts';
import { ensureNetwork } from './steps/ensure-network.ts';
import { installNetworkStep } from './steps/install-network.ts';
import { joinWorkers } from './steps/join-workers.ts';
import { markNodes } from './steps/mark-nodes.ts';
import { mergeKubeconfigStep } from './steps/merge-kubeconfig.ts';
import { proveNodeSysctls } from './steps/prove-sysctls.ts';
import { readNetwork } from './steps/read-network.ts';
import { renderFiles } from './steps/render-files.ts';
import { startControlPlane } from './steps/start-control-plane.ts';
import { waitForReady } from './steps/wait-for-ready.ts';

/** What happens on `klab create`, in order; what stands in one list runs side by side. */
export const createPlan: readonly (readonly Step[])[] = [
  [checkHost],
  [readNetwork],
  [ensureImage],
  [ensureNetwork],
  // Keys are made while the control plane boots, and the workers boot while its API server starts.
  [bootControlPlane, renderFiles],
  [startControlPlane, bootWorkers],
  // Before the workers' kubelets start: one that is refused waits seconds before it asks again.
  [applyJoinObjects],
  [joinWorkers, applyAddons, markNodes],
  // All nodes have booted: each has registered.
  [proveNodeSysctls],
  [installNetworkStep],
  [waitForReady],
  [mergeKubeconfigStep],
];
