import type { Step } from './plan-types.ts';
import { applyAddons } from './steps/apply-addons.ts';
import { bootNodes } from './steps/boot-nodes.ts';
import { checkHost } from './steps/check-host.ts';
import { ensureImage } from './steps/ensure-image.ts';
import { ensureNetwork } from './steps/ensure-network.ts';
import { joinWorkers } from './steps/join-workers.ts';
import { markNodes } from './steps/mark-nodes.ts';
import { mergeKubeconfigStep } from './steps/merge-kubeconfig.ts';
import { placeFiles } from './steps/place-files.ts';
import { renderFiles } from './steps/render-files.ts';
import { startControlPlane } from './steps/start-control-plane.ts';
import { waitForReady } from './steps/wait-for-ready.ts';

/** What happens on `klab create`, in order; what stands in one list runs side by side. */
export const createPlan: readonly (readonly Step[])[] = [
  [checkHost],
  [ensureImage],
  [ensureNetwork],
  // Keys are made while the nodes boot: neither needs the other.
  [bootNodes, renderFiles],
  [placeFiles],
  [startControlPlane],
  // Workers ask for their certificates while the add-ons are being created.
  [joinWorkers, applyAddons, markNodes],
  [waitForReady],
  [mergeKubeconfigStep],
];
