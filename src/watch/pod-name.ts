import { badPodName } from './errors.ts';

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** As the API server checks them: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;

/** Reads NAME or NAMESPACE/NAME, also written as kubectl's pod/NAME. Throws BAD_POD_NAME. */
export function parsePodName(text: string, namespace: string): PodName {
  const parts = text.replace(/^(pods?|po)\/(?=[^/]+$)/, '').split('/');
  const [first = '', second] = parts;
  const parsed = second === undefined ? { namespace, name: first } : { namespace: first, name: second };
  const good = parts.length <= 2 && label.test(parsed.namespace) && subdomain.test(parsed.name);
  if (!good || parsed.name.length > 253) throw badPodName(text);
  return parsed;
}
