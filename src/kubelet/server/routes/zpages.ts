import type { IncomingMessage } from 'node:http';
import type { Instant } from '../../../base/clock.ts';
import { type Route, sendJson, sendText } from '../router.ts';

export interface ZPagesOptions {
  readonly startedAt: Instant;
  readonly now: () => Instant;
  /** `1.37.2` */
  readonly version: string;
  /** What else can be asked for. */
  readonly paths: readonly string[];
  /** Every flag with its value. */
  readonly flags: readonly (readonly [name: string, value: string])[];
  readonly statusz: boolean;
  readonly flagz: boolean;
}

const group = 'config.k8s.io';
const warning =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';

type Version = 'v1alpha1' | 'v1beta1';
/** How an answer is wanted; `unknown`: in no way that is known here. */
export type Negotiated =
  | { readonly kind: 'text' }
  | { readonly kind: 'json'; readonly version: Version }
  | { readonly kind: 'unknown' };

/** Which form an Accept header asks for, of a page whose object is of kind `as`. JSON must say which version it wants. */
export function negotiate(accept: string | undefined, as: string): Negotiated {
  if (accept === undefined || accept.trim() === '') return { kind: 'text' };
  for (const wanted of accept.split(',')) {
    const [type = '', ...rest] = wanted.split(';').map((part) => part.trim());
    if (['text/plain', 'text/*', '*/*'].includes(type)) return { kind: 'text' };
    if (type !== 'application/json') continue;
    const parameters = new Map(rest.map((part) => part.split('=') as [string, string]));
    const version = parameters.get('v');
    const fits = parameters.get('as') === as && parameters.get('g') === group;
    if (fits && (version === 'v1alpha1' || version === 'v1beta1')) return { kind: 'json', version };
  }
  return { kind: 'unknown' };
}

const apiTime = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

function uptimeText(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return `${hours} hr ${String(minutes).padStart(2, '0')} min ${String(seconds % 60).padStart(2, '0')} sec`;
}

/** /statusz and /flagz: what this kubelet is, and how it was told to be. https://kubernetes.io/docs/reference/instrumentation/zpages/ */
export function zPages(options: ZPagesOptions): readonly Route[] {
  const { startedAt, now, version, paths, flags } = options;

  const page = (kind: 'Statusz' | 'Flagz', text: () => readonly string[], fields: () => object): Route => {
    const name = kind.toLowerCase();
    return {
      path: `/${name}`,
      debug: true,
      handle({
        request,
        response,
      }: {
        readonly request: IncomingMessage;
        readonly response: Parameters<typeof sendText>[0];
      }) {
        const wanted = negotiate(request.headers.accept, kind);
        if (wanted.kind === 'unknown')
          return sendText(response, 406, 'only the following media types are accepted: text/plain, application/json\n');
        if (wanted.kind === 'text')
          return sendText(response, 200, ['', `kubelet ${name}`, warning, '', ...text(), ''].join('\n'));
        const apiVersion = `${group}/${wanted.version}`;
        if (wanted.version === 'v1alpha1')
          response.setHeader(
            'warning',
            `299 - "This version of the ${name} endpoint is deprecated. Please use a newer version."`,
          );
        sendJson(response, { kind, apiVersion, metadata: { name: 'kubelet' }, ...fields() });
      },
    };
  };
  const uptime = (): number => Math.max(0, Math.floor((now() - startedAt) / 1000));

  return [
    ...(options.statusz
      ? [
          page(
            'Statusz',
            () => [
              `Started: ${apiTime(startedAt)}`,
              `Up: ${uptimeText(uptime())}`,
              `Binary version: ${version}`,
              '',
              `Paths: ${paths.join(' ')}`,
            ],
            () => ({
              startTime: apiTime(startedAt),
              uptimeSeconds: uptime(),
              goVersion: '',
              binaryVersion: version,
              paths,
            }),
          ),
        ]
      : []),
    ...(options.flagz
      ? [
          page(
            'Flagz',
            () => flags.map(([name, value]) => `${name}=${value}`),
            () => ({ flags: Object.fromEntries(flags) }),
          ),
        ]
      : []),
  ];
}
