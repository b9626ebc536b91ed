/**
 * Replaces `$(NAME)` by the variable's value; `$$(NAME)` stands for `$(NAME)` itself, and a name that is not known
 * stays as it is written.
 */
export function expandVariables(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (written, after: string, name: string | undefined) => {
    if (after === '$') return '$';
    const value = name === undefined ? undefined : lookup(name);
    return value ?? written;
  });
}
