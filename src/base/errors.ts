/** What a user can act on: a stable code, one sentence, and a hint (a command to type or a file to look at). */
export interface KlabErrorDetails {
  /** What to do about it: a command, or a file to look at. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Output of the command that failed, shown below the message. */
  readonly output?: string;
}

/**
 * An error meant for the user's eyes. Only `cli/main.ts` prints these; everything else throws them.
 * Each folder makes its own in its `errors.ts`, so that all its messages can be read on one page.
 */
export class KlabError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly output: string | undefined;

  constructor(code: string, message: string, details: KlabErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'KlabError';
    this.code = code;
    this.hint = details.hint;
    this.output = details.output;
  }
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The `code` of a Node or klab error ('ENOENT', 'CLUSTER_EXISTS'), if it has one. */
export const codeOf = (error: unknown): string | undefined => {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
};
