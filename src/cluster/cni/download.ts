import { downloadFailed } from './errors.ts';

const timeoutMs = 30_000;
/** Calico's has a third of a megabyte. */
const maxBytes = 16 * 2 ** 20;

/**
 * Downloads a text. Throws CNI_DOWNLOAD_FAILED, with this hint, when there is no answer in time, another status than
 * 200, or too much.
 */
export async function downloadText(url: string, hint: string, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
    if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
    return await readBody(response);
  } catch (error) {
    signal.throwIfAborted();
    throw downloadFailed(url, hint, explain(error));
  }
}

async function readBody({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `fetch` says only that it failed; why is in the cause. */
const explain = (error: unknown): unknown =>
  error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
