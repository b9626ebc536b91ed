import { KlabError, messageOf } from '../base/errors.ts';

/** All problems of a configuration in one report; `lines` are rendered problems. */
export const configInvalid = (source: string, lines: readonly string[]) => {
  const count = lines.length === 1 ? 'one problem' : `${lines.length} problems`;
  return new KlabError('CONFIG_INVALID', `${count} in ${source}:\n${lines.map((line) => `  ${line}`).join('\n')}`, {
    hint: 'docs/config.md describes every field, configs/ holds files to copy',
  });
};

export const configNotReadable = (path: string, cause: unknown) =>
  new KlabError('CONFIG_NOT_READABLE', `cannot read the cluster configuration ${path}: ${messageOf(cause)}`, {
    hint: 'name a file with --config, or pipe one to --config -',
    cause,
  });
