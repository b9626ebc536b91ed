export { podExecutor } from './execute.ts';
export { createPodLoop, type PodChange, type PodLoop } from './pod-loop.ts';
export type { StatusOverride } from './pod-sync.ts';
export { noteStart, podResizer } from './resize-pod.ts';
export { RestartBackoff } from './restart-backoff.ts';
export { containerStarter } from './start-container.ts';
export { backoffKey, createPodSync } from './sync-pod.ts';
export { createTerminator } from './termination.ts';
export { createPodWorkers, type PodWorkers } from './workers.ts';
