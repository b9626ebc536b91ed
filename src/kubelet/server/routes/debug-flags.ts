import { type Route, sendText } from '../router.ts';

export interface DebugFlagsOptions {
  readonly enabled: boolean;
  readonly setVerbosity: (level: number) => void;
}

/** What 32 bits with a sign hold. */
const maxLevel = 2 ** 31 - 1;

/** PUT /debug/flags/v: how much the kubelet logs from now on. */
export const debugFlagsRoute = ({ enabled, setVerbosity }: DebugFlagsOptions): Route => ({
  path: '/debug/flags/v',
  debug: true,
  async handle({ request, response }) {
    if (!enabled) return sendText(response, 405, 'flags endpoint is disabled.\n');
    if (request.method !== 'PUT') return sendText(response, 406, 'unsupported http method\n');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    if (!/^\d+$/.test(text))
      return sendText(response, 400, `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax\n`);
    if (Number(text) > maxLevel)
      return sendText(response, 400, `strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range\n`);
    setVerbosity(Number(text));
    sendText(response, 200, `successfully set klog.logging.verbosity to ${text}\n`);
  },
});
