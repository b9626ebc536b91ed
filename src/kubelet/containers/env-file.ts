import { readFile } from 'node:fs/promises';
import { openSubPath, pathOfHandle } from './sub-path.ts';

const broken = (line: number, what: string): Error =>
  new Error(`invalid environment variable format at line ${line}: ${what}`);

/**
 * The value of one variable in a file of `NAME='value'` lines; undefined when the file does not set it. Values stand
 * in single quotes, taken literally and over several lines if need be; `#` begins a comment. Throws on anything else,
 * up to the line where the variable is found.
 */
export function parseEnvFile(text: string, key: string): string | undefined {
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = (lines[at] ?? '').replace(/^[ \t]+|\r$/g, '');
    if (line === '' || line.startsWith('#')) continue;
    const number = at + 1;
    const equals = line.indexOf('=');
    if (equals === -1) throw broken(number, "missing '='");
    const name = line.slice(0, equals);
    if (name.trim() === '') throw broken(number, 'empty variable name');
    if (/[ \t]$/.test(name)) throw broken(number, "whitespace before '=' is not allowed");
    let rest = line.slice(equals + 1);
    if (/^[ \t]/.test(rest)) {
      // As in a shell, this sets the variable to nothing.
      if (name === key) return undefined;
      continue;
    }
    if (!rest.startsWith("'")) throw broken(number, 'value must be enclosed in single quotes');
    rest = rest.slice(1);
    const value: string[] = [];
    while (!rest.includes("'")) {
      value.push(rest);
      at += 1;
      const next = lines[at];
      if (next === undefined)
        throw new Error(`invalid environment variable format starting at line ${number}: unclosed single quote`);
      rest = next;
    }
    const end = rest.indexOf("'");
    value.push(rest.slice(0, end));
    if (!/^[ \t]*(#|$)/.test(rest.slice(end + 1))) throw broken(at + 1, 'unexpected content after closing quote');
    if (name === key) return value.join('\n') || undefined;
  }
  return undefined;
}

/** Reads one variable from a file in a volume, never leaving the volume. */
export async function readEnvFile(volumePath: string, path: string, key: string): Promise<string | undefined> {
  const file = await openSubPath(volumePath, path, { make: false });
  try {
    return parseEnvFile(await readFile(pathOfHandle(file), 'utf8'), key);
  } finally {
    await file.close();
  }
}
