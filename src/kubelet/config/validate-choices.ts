import { featuresOf } from './feature-gates.ts';
import type { KubeletConfiguration } from './model.ts';
import { invalid } from './problem.ts';

const quote = (values: readonly string[]): string => values.map((value) => JSON.stringify(value)).join(', ');

/** Fields that take one word of a few: the field, its flag, the words. */
const choices = [
  ['hairpinMode', 'hairpin-mode', ['none', 'hairpin-veth', 'promiscuous-bridge']],
  [
    'imagePullCredentialsVerificationPolicy',
    undefined,
    ['NeverVerify', 'NeverVerifyPreloadedImages', 'NeverVerifyAllowlistedImages', 'AlwaysVerify'],
  ],
  ['memoryReservationPolicy', undefined, ['None', 'TieredReservation']],
  ['tlsMinVersion', 'tls-min-version', ['', 'VersionTLS10', 'VersionTLS11', 'VersionTLS12', 'VersionTLS13']],
] as const;

/** Go's cipher suites, without those of TLS 1.3 that are always there. */
const cipherSuites: ReadonlySet<string> = new Set([
  ...['3DES_EDE_CBC_SHA', 'AES_128_CBC_SHA', 'AES_128_CBC_SHA256', 'AES_128_GCM_SHA256', 'AES_256_CBC_SHA']
    .concat('AES_256_GCM_SHA384', 'RC4_128_SHA')
    .map((rest) => `TLS_RSA_WITH_${rest}`),
  ...['ECDSA', 'RSA'].flatMap((key) =>
    ['AES_128_CBC_SHA', 'AES_128_CBC_SHA256', 'AES_128_GCM_SHA256', 'AES_256_CBC_SHA', 'AES_256_GCM_SHA384']
      .concat('CHACHA20_POLY1305', 'CHACHA20_POLY1305_SHA256', 'RC4_128_SHA')
      .map((rest) => `TLS_ECDHE_${key}_WITH_${rest}`),
  ),
  'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA',
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
]);

const maxName = 63;
const maxPrefix = 253;
const name = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const subdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Whether it can be the key of a label or taint: `name` or `prefix/name`. */
export function isQualifiedName(text: string): boolean {
  const parts = text.split('/');
  const last = parts.at(-1) ?? '';
  if (parts.length > 2 || last.length > maxName || !name.test(last)) return false;
  const prefix = parts.length === 2 ? parts[0] : undefined;
  return prefix === undefined || (prefix.length <= maxPrefix && subdomain.test(prefix));
}

/** Whether it can be the value of a label or taint. */
export const isLabelValue = (text: string): boolean => text === '' || (text.length <= maxName && name.test(text));

const validateTaints = ({ registerWithTaints = [] }: KubeletConfiguration): readonly string[] => {
  const field = 'registerWithTaints';
  const flag = 'register-with-taints';
  const isWrong = ({ key, value, effect }: (typeof registerWithTaints)[number]): boolean =>
    !isQualifiedName(key ?? '') ||
    !isLabelValue(value ?? '') ||
    !['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(effect);
  return [
    ...registerWithTaints
      .filter(isWrong)
      .map((taint) => invalid(field, flag, `invalid taint: ${JSON.stringify(taint)}`)),
    ...registerWithTaints
      .filter((taint) => 'timeAdded' in taint)
      .map(({ key }) => invalid(field, flag, `timeAdded of taint "${key}" may not be set`)),
  ];
};

const isMemory = (resource: string): boolean => resource === 'memory' || resource.startsWith('hugepages-');

const validateReservedMemory = ({ reservedMemory = [] }: KubeletConfiguration): readonly string[] =>
  reservedMemory.flatMap(({ numaNode, limits }) =>
    Object.keys(limits ?? {})
      .filter((resource) => !isMemory(resource))
      .map(
        (resource) =>
          `invalid configuration: the limit type "${resource}" for NUMA node ${numaNode} is not supported, only [memory hugepages-<HugePageSize>] is accepted`,
      ),
  );

const million = 1_000_000;

const validateTracing = ({ tracing }: KubeletConfiguration): readonly string[] => {
  const rate = tracing?.samplingRatePerMillion ?? 0;
  const where = `invalid configuration: tracing.samplingRatePerMillion: Invalid value: ${rate}:`;
  if (rate < 0) return [`${where} sampling rate must be positive`];
  return rate > million ? [`${where} sampling rate per million must be less than or equal to one million`] : [];
};

/** Words and names that are none that the kubelet knows, and fields that are of no use together. */
export function validateChoices(c: KubeletConfiguration): readonly string[] {
  const lists = (c.preloadedImagesVerificationAllowlist ?? []).length > 0;
  const rotates = featuresOf(c)('RotateKubeletServerCertificate');
  const rules: readonly (readonly [boolean, string])[] = [
    [
      lists && c.imagePullCredentialsVerificationPolicy !== 'NeverVerifyAllowlistedImages',
      invalid(
        'preloadedImagesVerificationAllowlist',
        undefined,
        'cannot be set unless imagePullCredentialsVerificationPolicy is "NeverVerifyAllowlistedImages"',
      ),
    ],
    [
      c.serverTLSBootstrap === true && !rotates,
      invalid('serverTLSBootstrap', undefined, 'true requires feature gate RotateKubeletServerCertificate'),
    ],
  ];
  return [
    ...choices
      .filter(([field, , words]) => c[field] !== undefined && !(words as readonly string[]).includes(c[field]))
      .map(([field, flag, words]) => invalid(field, flag, `"${c[field]}" must be one of ${quote(words)}`)),
    ...(c.tlsCipherSuites ?? [])
      .filter((suite) => !cipherSuites.has(suite))
      .map((suite) =>
        invalid('tlsCipherSuites', 'tls-cipher-suites', `has "${suite}", which is no cipher suite of Go`),
      ),
    ...rules.filter(([wrong]) => wrong).map(([, problem]) => problem),
    ...validateTaints(c),
    ...validateReservedMemory(c),
    ...validateTracing(c),
  ];
}
