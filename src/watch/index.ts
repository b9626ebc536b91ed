export { explainPod, type PodStory } from './explain/explain-pod.ts';
export { renderStory } from './explain/render.ts';
export type { Heard } from './journal-source.ts';
export { renderStep } from './lines.ts';
export { openWatch, type WatchOpening } from './open.ts';
export { type PodName, parsePodName } from './pod-name.ts';
export { renderRecord } from './record.ts';
export { isMurmur, narrator } from './story/index.ts';
