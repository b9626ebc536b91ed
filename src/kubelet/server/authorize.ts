import type { KubeApi } from '../../api/port.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import type { User } from './authenticate.ts';
import { postReview } from './review.ts';

export interface AuthorizationOptions {
  readonly mode: 'Webhook' | 'AlwaysAllow';
  /** Asked in mode Webhook. */
  readonly api: KubeApi | undefined;
  readonly nodeName: string;
  readonly allowedMs: number;
  readonly deniedMs: number;
  readonly clock: Clock;
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Path prefix → the subresources of nodes that open it, any of which is enough. */
const fineGrained: readonly (readonly [string, readonly string[]])[] = [
  ['/pods', ['pods', 'proxy']],
  ['/runningpods', ['pods', 'proxy']],
  ['/healthz', ['healthz', 'proxy']],
  ['/configz', ['configz', 'proxy']],
  ['/stats', ['stats']],
  ['/metrics', ['metrics']],
  ['/logs', ['log']],
  ['/checkpoint', ['checkpoint']],
  ['/statusz', ['statusz']],
  ['/flagz', ['configz']],
];

export interface Attributes {
  readonly verb: string;
  /** In the order they are asked for. */
  readonly subresources: readonly string[];
}

/** What a request needs permission for. https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/ */
export function requestAttributes(method: string, path: string): Attributes {
  const found = fineGrained.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`));
  return { verb: verbs[method] ?? '', subresources: found?.[1] ?? ['proxy'] };
}

interface AccessReview {
  readonly status?: { readonly allowed?: boolean };
}

/** Asks the API server whether a user may; answers are kept for a while. Rejects when it cannot be asked. */
export function authorizer({
  mode,
  api,
  nodeName,
  allowedMs,
  deniedMs,
  clock,
}: AuthorizationOptions): (user: User, attributes: Attributes) => Promise<boolean> {
  const answers = new Map<string, { readonly allowed: boolean; readonly until: Instant }>();

  async function mayUse(user: User, verb: string, subresource: string): Promise<boolean> {
    const key = JSON.stringify([user, verb, subresource]);
    const known = answers.get(key);
    if (known !== undefined && known.until > clock.now()) return known.allowed;
    if (api === undefined) throw new Error('no API server to ask');
    const review = await postReview<AccessReview>(api, clock, '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: user.name,
        groups: user.groups,
        ...(user.uid === undefined ? {} : { uid: user.uid }),
        ...(user.extra === undefined ? {} : { extra: user.extra }),
        resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name: nodeName },
      },
    });
    const allowed = review.status?.allowed === true;
    answers.set(key, { allowed, until: clock.now() + (allowed ? allowedMs : deniedMs) });
    for (const [k, { until }] of answers) if (until <= clock.now()) answers.delete(k);
    return allowed;
  }

  return async (user, { verb, subresources }) => {
    if (mode === 'AlwaysAllow') return true;
    for (const subresource of subresources) if (await mayUse(user, verb, subresource)) return true;
    return false;
  };
}
