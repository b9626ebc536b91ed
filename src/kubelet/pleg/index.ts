export type { PodLifecycleEvent, PodLifecycleEventType } from './events.ts';
export { createPleg, type Pleg } from './pleg.ts';
