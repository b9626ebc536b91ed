import * as z from 'zod';

/** What the kubelet needs of systemd-logind. https://systemd.io/INHIBITOR_LOCKS/ */
export interface Logind {
  /** How long a shutdown can be delayed at most. Rejects when there is no logind. */
  maxDelayMs(): Promise<number>;
  /** Lets shutdowns be delayed for so long. */
  raiseMaxDelay(ms: number): Promise<void>;
  /** Takes a lock that delays shutdowns until it is released, or this process has ended. */
  inhibit(): Promise<InhibitLock>;
  /** True: a shutdown begins; false: it was called off. Ends by throwing. */
  shutdowns(signal: AbortSignal): AsyncIterable<boolean>;
}

export interface InhibitLock {
  release(): void;
}

const propertySchema = z.object({ type: z.literal('t'), data: z.number() });

/** InhibitDelayMaxUSec as `busctl --json=short get-property` prints it, in milliseconds. Throws on other text. */
export const parseMaxDelay = (text: string): number => propertySchema.parse(JSON.parse(text)).data / 1000;

const signalSchema = z.object({
  member: z.literal('PrepareForShutdown'),
  payload: z.object({ data: z.tuple([z.boolean()]) }),
});

/** One line of `busctl --json=short monitor`; undefined: it is about something else. */
export function parseShutdownSignal(line: string): boolean | undefined {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = signalSchema.safeParse(message);
  return parsed.success ? parsed.data.payload.data[0] : undefined;
}

/** The drop-in of logind's configuration that lets shutdowns be delayed for so long. */
export const renderLogindConf = (ms: number): string =>
  `# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=${Math.ceil(ms / 1000)}\n`;
