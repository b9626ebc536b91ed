export { apiSource } from './api-source.ts';
export { podCatalog, type SourceName, type SourcesCatalog } from './catalog.ts';
export { fileSource } from './file-source.ts';
export { httpSource } from './http-source.ts';
export { type MirrorPods, mirrorPods } from './mirror-pods.ts';
