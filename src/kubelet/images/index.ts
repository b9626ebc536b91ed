export { type ImageCollector, imageCollector } from './collector.ts';
export { parseDockerConfig } from './credentials.ts';
export { createImageManager } from './manager.ts';
export { pullRate } from './pull-rate.ts';
export { type PullRecords, pullRecords } from './pull-records.ts';
export { parseImageReference, withDefaultTag } from './reference.ts';
