import { messageOf } from '../base/errors.ts';

/** Where libuv's words are not the C library's. */
const words: Readonly<Record<string, string>> = {
  EEXIST: 'file exists',
  EISDIR: 'is a directory',
  EBUSY: 'device or resource busy',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
};

/**
 * An error of the file system as people know it from upstream's Events: `open /a: no such file or directory`, where
 * Node says `ENOENT: no such file or directory, open '/a'`. Any other error's message stays.
 */
export function systemErrorText(error: unknown): string {
  const message = messageOf(error);
  const [, code = '', reason = '', call, path] = /^(E[A-Z]+): ([^,]+), (\w+) '(.*?)'(?: -> |$)/.exec(message) ?? [];
  return path === undefined ? message : `${call} ${path}: ${words[code] ?? reason}`;
}
