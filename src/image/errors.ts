import { KlabError, messageOf } from '../base/errors.ts';

export const stageMissing = (stage: string) =>
  new KlabError('IMAGE_RECIPE_BROKEN', `images/node/Dockerfile has no stage "${stage}"`);

export const toolMissing = (program: string, install: string, cause?: unknown) =>
  new KlabError('IMAGE_TOOL_MISSING', `building the node image needs \`${program}\`, which is not on this machine`, {
    hint: install,
    cause,
  });

export const needsRoot = (what: string) =>
  new KlabError('IMAGE_NEEDS_ROOT', `${what} needs root`, { hint: 'run `klab build node-image` as root' });

export const bundleEntryMissing = (entry: string, cause: unknown) =>
  new KlabError('IMAGE_BUNDLE_MISSING', `cannot bundle: there is no ${entry}`, {
    hint: 'the node image is built from a checkout of klab, not from an installed package',
    cause,
  });

export const partFailed = (part: string, what: string, output: string) => {
  const hint = hintFor(`${what}\n${output}`);
  return new KlabError('IMAGE_PART_FAILED', `the node image's part "${part}" failed: ${what}`, {
    output: lastLines(output, 30),
    ...(hint === undefined ? {} : { hint }),
  });
};

/** Anything thrown while a part was made, as an error for the user; those that say what to do pass as they are. */
export function asPartFailure(part: string, error: unknown): KlabError {
  // The engine's catch-all knows less about this than the part's own hints do.
  if (error instanceof KlabError && error.hint !== undefined && error.code !== 'ENGINE_FAILED') return error;
  if (error instanceof KlabError && error.code.startsWith('IMAGE_')) return error;
  const output = error instanceof KlabError ? error.output : undefined;
  const cause = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : undefined;
  return partFailed(part, messageOf(error), [output, cause].filter((text) => text !== undefined).join('\n'));
}

/** What to do about the failures that have nothing to do with the recipe. */
function hintFor(output: string): string | undefined {
  if (/no space left on device|ENOSPC/i.test(output))
    return 'free some disk space: `docker system prune`, or set KLAB_CACHE_DIR';
  if (/proxy\.golang\.org|dial tcp|i\/o timeout/i.test(output))
    return 'check that the Go module proxy can be reached: `go env GOPROXY`';
  if (/Unable to fetch|Failed getting release|Could not connect|Temporary failure resolving/i.test(output)) {
    return "check that Debian's package mirror can be reached, then try again";
  }
  return undefined;
}

const lastLines = (text: string, count: number): string => text.trimEnd().split('\n').slice(-count).join('\n');
