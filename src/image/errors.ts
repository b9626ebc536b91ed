import { KlabError } from '../base/errors.ts';

export const stageMissing = (stage: string) =>
  new KlabError('IMAGE_RECIPE_BROKEN', `images/node/Dockerfile has no stage "${stage}"`);

export const toolMissing = (program: string, install: string, cause?: unknown) =>
  new KlabError('IMAGE_TOOL_MISSING', `building the node image needs \`${program}\`, which is not on this machine`, {
    hint: install,
    cause,
  });

export const needsRoot = (what: string) =>
  new KlabError('IMAGE_NEEDS_ROOT', `${what} needs root`, { hint: 'run `klab build node-image` as root' });

export const bundleEntryMissing = (entry: string) =>
  new KlabError('IMAGE_BUNDLE_MISSING', `cannot bundle: there is no ${entry}`);

export const partFailed = (part: string, what: string, output: string) =>
  new KlabError('IMAGE_PART_FAILED', `the node image's part "${part}" failed: ${what}`, {
    output: lastLines(output, 30),
    ...(hintFor(output) === undefined ? {} : { hint: hintFor(output) ?? '' }),
  });

/** What to do about the failures that have nothing to do with the recipe. */
function hintFor(output: string): string | undefined {
  if (/no space left on device/i.test(output))
    return 'free some disk space: `docker system prune`, or set KLAB_CACHE_DIR';
  if (/proxy\.golang\.org|dial tcp|i\/o timeout/i.test(output))
    return 'check that the Go module proxy can be reached: `go env GOPROXY`';
  if (/Unable to fetch|Failed getting release|Could not connect|Temporary failure resolving/i.test(output)) {
    return "check that Debian's package mirror can be reached, then try again";
  }
  return undefined;
}

const lastLines = (text: string, count: number): string => text.trimEnd().split('\n').slice(-count).join('\n');
