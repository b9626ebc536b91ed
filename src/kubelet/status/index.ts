export { computePodStatus, isPastDeadline, type PodStatusInputs } from './compute.ts';
export { isRestartingAll, readinessIsStale } from './conditions.ts';
export { rejectedStatus } from './final-status.ts';
export { createStatusManager, type RunningStatusManager } from './manager.ts';
