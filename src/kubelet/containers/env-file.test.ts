import { describe, expect, test } from 'vitest';
import { parseEnvFile } from './env-file.ts';

const file = `
# where the database is
HOST='db.example'   # inline
  PORT='5432'
QUERY='a=b "c" $d \\n'
LINES='one
two'
EMPTY= 'ignored'
LAST='x'`;

describe('parseEnvFile', () => {
  test.each([
    ['HOST', 'db.example'],
    ['PORT', '5432'],
    ['QUERY', 'a=b "c" $d \\n'],
    ['LINES', 'one\ntwo'],
    ['EMPTY', undefined],
    ['LAST', 'x'],
    ['two', undefined],
  ])('%s', (key, value) => expect(parseEnvFile(file, key)).toBe(value));

  test.each([
    ['A', "at line 1: missing '='"],
    ["='x'", 'at line 1: empty variable name'],
    ["A ='x'", "at line 1: whitespace before '=' is not allowed"],
    ['\nA=x', 'at line 2: value must be enclosed in single quotes'],
    ["A='x' y", 'at line 1: unexpected content after closing quote'],
    ["\n\nA='x\ny", 'starting at line 3: unclosed single quote'],
  ])('%j is refused', (text, problem) =>
    expect(() => parseEnvFile(text, 'Z')).toThrow(`invalid environment variable format ${problem}`),
  );

  test('what follows the variable is not looked at', () => expect(parseEnvFile("A='1'\nnonsense", 'A')).toBe('1'));
});
