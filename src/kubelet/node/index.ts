export type { NodeHealth } from './conditions.ts';
export { declaredFeatures } from './declared-features.ts';
export { nodeLease } from './lease.ts';
export { fileSystemBytes, type Machine, readMachine } from './machine.ts';
export { type NodeManager, nodeManager } from './manager.ts';
export { type RunningRuntimeState, runtimeState } from './runtime-state.ts';
export { startProblems } from './start-problems.ts';
