import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Gesture, innerPrompt } from './parse.ts';
import type { Outcome, ShellOptions } from './shell.ts';

/**
 * Runs a command in a terminal of 80 columns and 24 rows, as somebody at the keyboard would: each line is typed when
 * the program's prompt is there. util-linux's script(1) makes the terminal.
 */
export function runInTerminal(
  command: string,
  gestures: readonly Gesture[],
  { folder, env }: ShellOptions,
  timeoutMs: number,
): Promise<Outcome> {
  const ttyFile = join(folder, '.tty');
  rmSync(ttyFile, { force: true });
  const prepared = `stty rows 24 cols 80; tty > '${ttyFile}'; ${command}`;
  const script = spawn('script', ['-qfec', `bash --noprofile --norc -c ${quoted(prepared)}`, '/dev/null'], {
    cwd: folder,
    env: { ...env, TERM: 'dumb' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const left = [...gestures];
  let seen = '';
  let answered = 0;

  function resize({ rows, columns, line }: Extract<Gesture, { kind: 'resize' }>): void {
    if (!existsSync(ttyFile)) throw new Error('the terminal has no name yet');
    execFileSync('stty', ['-F', readFileSync(ttyFile, 'utf8').trim(), 'rows', String(rows), 'cols', String(columns)]);
    const start = seen.lastIndexOf(innerPrompt);
    seen = `${seen.slice(0, start)}${line}\n${seen.slice(start)}`;
  }

  /** Does what comes next, when a prompt waits for it. */
  function act(): void {
    if (!readable(seen).endsWith(innerPrompt) || seen.length <= answered) return;
    const next = left.shift();
    if (next === undefined) return;
    if (next.kind === 'resize') {
      resize(next);
      // A terminal's size goes its own way, beside what is typed: nobody types within the same millisecond.
      answered = seen.length;
      setTimeout(() => {
        answered = 0;
        act();
      }, settleMs);
      return;
    }
    answered = seen.length;
    script.stdin.write(`${next.text}\r`);
  }

  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      script.kill('SIGHUP');
      reject(new Error(`no end after ${timeoutMs / 1000} s: ${command}\n${seen}`));
    }, timeoutMs);
    const receive = (chunk: string) => {
      seen += chunk;
      try {
        act();
      } catch (error) {
        script.kill('SIGHUP');
        reject(error);
      }
    };
    script.stdout.setEncoding('utf8').on('data', receive);
    script.stderr.setEncoding('utf8').on('data', receive);
    script.on('error', reject);
    script.on('close', (code) => {
      clearTimeout(late);
      resolve({ output: seen, exitCode: code ?? -1 });
    });
  });
}

const settleMs = 300;

/** Without the questions that a shell asks its terminal. */
const readable = (text: string): string =>
  text.replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g'), '');

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
