import { KlabError } from '../base/errors.ts';

/** A command line that says something klab does not understand. */
export const usageError = (message: string, hint: string) => new KlabError('USAGE', message, { hint });

/** Ctrl-C, or a request to end. */
export const interrupted = () => new KlabError('INTERRUPTED', 'interrupted');

export const nothingToDelete = () =>
  usageError('no cluster was named', 'name one or more: klab delete clusters NAME…, or all of them: --all');

export const deletionsFailed = (failed: readonly string[]) =>
  new KlabError('DELETE_FAILED', `could not delete ${failed.join(', ')}`, { hint: 'the reasons are above' });
