import type { Part, Recipe } from '../plan.ts';
import { makeBundles } from './bundles.ts';
import { makeDebian } from './debian.ts';
import type { PartContext, PartExecutor } from './executor.ts';
import { makeGoPart } from './go.ts';
import { makeImages } from './images.ts';
import { makeNodejs } from './nodejs.ts';
import { makeBinaries, makeNode, makePackages } from './stages.ts';
import { makeTools } from './tools.ts';

/** One executor for each recipe: a recipe without one does not compile. */
const executors: { readonly [K in Recipe['kind']]: PartExecutor<K> } = {
  debian: makeDebian,
  packages: makePackages,
  tools: makeTools,
  go: makeGoPart,
  nodejs: makeNodejs,
  bundles: makeBundles,
  binaries: makeBinaries,
  images: makeImages,
  node: makeNode,
};

export const executePart = (part: Part, context: PartContext, folder: string): Promise<void> =>
  executeAs(part.recipe, part, context, folder);

/** Pairs a recipe with the executor of its own kind. */
function executeAs<K extends Recipe['kind']>(
  recipe: Extract<Recipe, { kind: K }>,
  part: Part,
  context: PartContext,
  folder: string,
): Promise<void> {
  const execute: PartExecutor<K> = executors[recipe.kind as K];
  return execute({ ...part, recipe }, context, folder);
}
