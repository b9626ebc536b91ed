export { parseDockerConfig } from './credentials.ts';
export { createImageManager } from './manager.ts';
export { parseImageReference, withDefaultTag } from './reference.ts';
