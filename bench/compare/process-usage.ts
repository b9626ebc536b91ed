/** What a process has used and holds. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly memoryMb: number;
  /** The most it ever held since `peak` was last reset. */
  readonly peakMb: number;
}

const ticksPerSecond = 100;

/** Reads `/proc/PID/stat` and `/proc/PID/status`, one after the other in one text. Throws on any other text. */
export function parseUsage(text: string): Usage {
  // The name in brackets may hold anything, spaces too.
  const fields = text.slice(text.lastIndexOf(') ', text.indexOf('\n')) + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const kbOf = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  const usage = { cpuSeconds: ticks / ticksPerSecond, memoryMb: kbOf('VmRSS') / 1024, peakMb: kbOf('VmHWM') / 1024 };
  if (Object.values(usage).some(Number.isNaN)) throw new Error(`this tells no usage of a process: ${text}`);
  return usage;
}
