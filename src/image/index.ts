export {
  type BuildNodeImageOptions,
  type BuiltImage,
  buildNodeImage,
  defaultNodeImage,
} from './build-node-image.ts';
export { bundlePrograms } from './bundle.ts';
export { cacheFolder } from './cache.ts';
export { type ImageVersions, versions as imageVersions } from './contained-images.ts';
export type { BuiltPart } from './make-parts.ts';
export { type OptionalPart, optionalParts } from './plan.ts';
