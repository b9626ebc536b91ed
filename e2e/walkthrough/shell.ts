import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Outcome {
  readonly output: string;
  readonly exitCode: number;
}

/** One bash for a whole walk: what a command sets, or leaves in the background, the next one finds. */
export interface Shell {
  /** What the command and its children wrote to stdout and stderr, and how it ended. */
  run(command: string, timeoutMs: number): Promise<Outcome>;
  /** What `$?` is to be for the next command: something else ran outside the shell. */
  setExitCode(code: number): void;
  close(): void;
}

export interface ShellOptions {
  /** Where it starts, and where the commands are kept while they run. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Ends each command's output; nothing prints the record separator. */
const mark = String.fromCharCode(30);

export function openShell({ folder, env }: ShellOptions): Shell {
  const bash = spawn('bash', ['--noprofile', '--norc'], { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let buffer = '';
  let exitCode = 0;
  let number = 0;
  let look: () => void = () => undefined;
  const receive = (chunk: string) => {
    buffer += chunk;
    look();
  };
  bash.stdout.setEncoding('utf8').on('data', receive);
  bash.stderr.setEncoding('utf8').on('data', receive);
  bash.stdin.write('exec 2>&1; shopt -s expand_aliases\n');

  return {
    run(command, timeoutMs) {
      number += 1;
      // A file, so that quotes and line ends reach bash untouched; no input, so that nothing eats the next command.
      const file = join(folder, `.command-${number}`);
      writeFileSync(file, `${command}\n`);
      buffer = '';
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          look = () => undefined;
          reject(new Error(`no end after ${timeoutMs / 1000} s: ${command}\n${buffer}`));
        }, timeoutMs);
        look = () => {
          const end = new RegExp(`${mark}(\\d+)${mark}`).exec(buffer);
          if (end === null) return;
          clearTimeout(late);
          look = () => undefined;
          exitCode = Number(end[1]);
          resolve({ output: buffer.slice(0, end.index), exitCode });
        };
        bash.stdin.write(`(exit ${exitCode}); . '${file}' </dev/null; printf '${mark}%s${mark}' "$?"\n`);
      });
    },
    setExitCode(code) {
      exitCode = code;
    },
    close() {
      bash.kill('SIGHUP');
    },
  };
}
