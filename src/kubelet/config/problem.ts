/** A problem's sentence: the field, the flag that sets it too, and what is wrong. */
export const invalid = (field: string, flag: string | undefined, problem: string): string =>
  `invalid configuration: ${field}${flag === undefined ? '' : ` (--${flag})`} ${problem}`;
