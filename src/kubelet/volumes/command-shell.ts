import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

/** Runs short commands one after another in one shell. */
export interface CommandShell {
  /** Rejects with what the command printed when it fails, or when the shell itself went away. */
  run(file: string, args: readonly string[]): Promise<void>;
}

interface Task {
  readonly line: string;
  readonly name: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface CommandShellOptions {
  /** After this long without work the shell is let go. */
  readonly idleMs: number;
}

/** In single quotes, where a shell takes everything as it is. */
export const quoteForShell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * To start a program takes a process of the kubelet's size two milliseconds of its only thread, and the kernel ten;
 * a shell of a megabyte does it in a tenth of that. It is started when it is first needed, and again when it has died.
 * - One command at a time, in the order they came.
 * - A command that does not end holds up all others, so it is not for those that wait for other machines.
 */
export function commandShell({ idleMs }: CommandShellOptions): CommandShell {
  const waiting: Task[] = [];
  let current: Task | undefined;
  let shell: ChildProcessWithoutNullStreams | undefined;
  let printed = '';
  let idle: NodeJS.Timeout | undefined;
  /** Says where a command's own words end. */
  const mark = `end of ${randomUUID()}`;
  const endOf = new RegExp(`${mark} (\\d+)\\n`);

  function start(): ChildProcessWithoutNullStreams {
    const child = spawn('/bin/sh', [], { stdio: 'pipe' });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (child === shell) read(text);
    });
    const lost = (why: string) => {
      if (child !== shell) return;
      shell = undefined;
      finish((task) => task.reject(new Error(`${task.name} failed: its shell ${why}`)));
    };
    child.on('error', (error) => lost(`did not start: ${error.message}`));
    child.on('exit', () => lost('has ended'));
    // What is written to a shell that just ended is told of by its end.
    child.stdin.on('error', () => undefined);
    return child;
  }

  function read(text: string): void {
    printed += text;
    const end = endOf.exec(printed);
    if (end === null) return;
    const said = printed.slice(0, end.index).trim();
    finish((task) => {
      if (end[1] === '0') task.resolve();
      else task.reject(new Error(`${task.name} failed: ${said || `it exited with ${end[1]}`}`));
    });
  }

  function finish(tell: (task: Task) => void): void {
    const task = current;
    current = undefined;
    printed = '';
    if (task !== undefined) tell(task);
    next();
  }

  function next(): void {
    clearTimeout(idle);
    if (current !== undefined) return;
    current = waiting.shift();
    if (current === undefined) {
      idle = setTimeout(letGo, idleMs);
      idle.unref();
      return;
    }
    shell ??= start();
    shell.stdin.write(`${current.line} </dev/null 2>&1; echo "${mark} $?"\n`);
  }

  function letGo(): void {
    const child = shell;
    shell = undefined;
    child?.stdin.end();
  }

  return {
    run: (file, args) =>
      new Promise((resolve, reject) => {
        waiting.push({ line: [file, ...args].map(quoteForShell).join(' '), name: file, resolve, reject });
        next();
      }),
  };
}
