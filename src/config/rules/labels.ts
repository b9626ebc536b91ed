import { fieldPath, type Problem } from '../problem.ts';

const KUBELET_MAY_SET = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
]);

/** A node's labels, which its kubelet sets on itself: it refuses to start with one it may not set. */
export function validateLabels(labels: Readonly<Record<string, string>>, path: string): readonly Problem[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const message = explainKey(key) ?? explainValue(value);
    return message === undefined ? [] : [{ path: fieldPath(path, key), message }];
  });
}

function explainKey(key: string): string | undefined {
  const [name = '', prefix, ...rest] = key.split('/').reverse();
  if (rest.length > 0) return 'is not a label key: it may hold one slash only';
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name) || name.length > 63) {
    return 'is not a label key: use up to 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit';
  }
  if (prefix === undefined) return undefined;
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(prefix) || prefix.length > 253) {
    return `is not a label key: ${JSON.stringify(prefix)} before the slash must be a DNS name in lower case`;
  }
  if (kubeletMaySet(key, prefix)) return undefined;
  return 'is reserved, a kubelet may not set it on its own node: choose another prefix, like example.com/, or node.kubernetes.io/';
}

function kubeletMaySet(key: string, prefix: string): boolean {
  if (!isUnder(prefix, 'kubernetes.io') && !isUnder(prefix, 'k8s.io')) return true;
  return KUBELET_MAY_SET.has(key) || isUnder(prefix, 'kubelet.kubernetes.io') || isUnder(prefix, 'node.kubernetes.io');
}

const isUnder = (domain: string, parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);

function explainValue(value: string): string | undefined {
  if (value === '' || (/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(value) && value.length <= 63))
    return undefined;
  return `${JSON.stringify(value)} is not a label value: use up to 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit`;
}
