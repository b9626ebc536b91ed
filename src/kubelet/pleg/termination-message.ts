import { open } from 'node:fs/promises';
import type { ContainerStatus } from '../../cri/port.ts';
import { annotations } from '../containers/labels.ts';

/** Upstream's limits: what is kept of a message file, and of the log when that stands in for it. */
const maxFileBytes = 4096;
const maxLogBytes = 2048;
const maxLogLines = 80;
/** Of the log file itself: enough for that many bytes in lines with their stamps. */
const maxLogTailBytes = 64 * 1024;

export interface MessageSources {
  readonly runtimeMessage: string;
  readonly file: string | undefined;
  readonly logTail: string | undefined;
}

/** The message of a container that exited: the runtime's own, then what the container wrote or, if asked for, its log's end. */
export function composeTerminationMessage({ runtimeMessage, file, logTail }: MessageSources): string {
  const own = file || logTail || '';
  if (own === '') return runtimeMessage;
  return runtimeMessage === '' ? own : `${runtimeMessage}: ${own}`;
}

/** Whether the log's end stands in for a missing message. */
export const fallsBackToLog = (policy: string | undefined, exitCode: number, reason: string): boolean =>
  policy === 'FallbackToLogsOnError' && exitCode !== 0 && reason !== 'ContainerCannotRun';

/** The text of the last lines of a log in CRI's format (`time stream tag content`). */
export function lastLogText(log: string): string {
  const lines = log.split('\n').filter((line) => line !== '');
  const text = lines
    .slice(-maxLogLines)
    .map((line) => {
      const [, , tag = '', ...content] = line.split(' ');
      return content.join(' ') + (tag.startsWith('P') ? '' : '\n');
    })
    .join('');
  const bytes = Buffer.from(text);
  return bytes.length <= maxLogBytes ? text : bytes.subarray(bytes.length - maxLogBytes).toString();
}

async function readTail(path: string, maxBytes: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, maxBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead).toString();
  } finally {
    await file.close();
  }
}

/** Reads the termination message of an exited container off the disk. Never rejects: a problem becomes the message. */
export async function readTerminationMessage(status: ContainerStatus): Promise<string> {
  const path = status.annotations[annotations.terminationMessagePath];
  const hostPath = path === undefined ? undefined : status.mounts.find((m) => m.containerPath === path)?.hostPath;
  let file: string | undefined;
  if (hostPath !== undefined) {
    try {
      file = await readTail(hostPath, maxFileBytes);
    } catch (error) {
      file = `Error on reading termination log ${hostPath}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  let logTail: string | undefined;
  const policy = status.annotations[annotations.terminationMessagePolicy];
  if (!file && fallsBackToLog(policy, status.exitCode, status.reason)) {
    logTail = await readTail(status.logPath, maxLogTailBytes).then(
      lastLogText,
      (error: Error) => `Error on reading termination message from logs: ${error.message}`,
    );
  }
  return composeTerminationMessage({ runtimeMessage: status.message, file, logTail });
}
