import type { Container, Pod } from '../../api/types.ts';
import { compareQuantities, parseQuantity } from '../quantity.ts';

export const invalid = (path: string, value: unknown, why: string): string =>
  `${path}: Invalid value: ${JSON.stringify(value)}: ${why}`;
export const unsupported = (path: string, value: string, supported: readonly string[]): string =>
  `${path}: Unsupported value: "${value}": supported values: ${supported.map((one) => `"${one}"`).join(', ')}`;

const protocols = ['SCTP', 'TCP', 'UDP'];
const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const maxPort = 65_535;
const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= maxPort;

function validatePorts(container: Container, path: string, hostNetwork: boolean): readonly string[] {
  return (container.ports ?? []).flatMap((port, i) => {
    const at = `${path}.ports[${i}]`;
    const { containerPort, hostPort, protocol = 'TCP' } = port;
    return [
      ...(isPort(containerPort) ? [] : [invalid(`${at}.containerPort`, containerPort, 'must be between 1 and 65535')]),
      ...(hostPort === undefined || hostPort === 0 || isPort(hostPort)
        ? []
        : [invalid(`${at}.hostPort`, hostPort, 'must be between 1 and 65535')]),
      ...(hostNetwork && hostPort !== undefined && hostPort !== 0 && hostPort !== containerPort
        ? [invalid(`${at}.hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true')]
        : []),
      ...(protocols.includes(protocol) ? [] : [unsupported(`${at}.protocol`, protocol, protocols)]),
    ];
  });
}

const validateEnv = (container: Container, path: string): readonly string[] =>
  (container.env ?? []).flatMap(({ name, value, valueFrom }, i) => {
    const at = `${path}.env[${i}]`;
    return [
      ...(name ? [] : [`${at}.name: Required value`]),
      ...(name?.includes('=') ? [invalid(`${at}.name`, name, "must not contain '='")] : []),
      ...(value && valueFrom !== undefined
        ? [invalid(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty')]
        : []),
    ];
  });

function readQuantity(text: string): number | undefined {
  try {
    return parseQuantity(text);
  } catch {
    return undefined;
  }
}

/** Requests and limits that are amounts, none below zero, no request above its limit. */
function validateResources({ resources }: Container, path: string): readonly string[] {
  const sides = ['requests', 'limits'] as const;
  const problems = sides.flatMap((side) =>
    Object.entries(resources?.[side] ?? {}).flatMap(([name, amount]) => {
      const at = `${path}.resources.${side}[${name}]`;
      const number = readQuantity(String(amount));
      if (number === undefined || Number.isNaN(number)) return [invalid(at, amount, 'must be a quantity')];
      return number < 0 ? [invalid(at, amount, 'must be greater than or equal to 0')] : [];
    }),
  );
  if (problems.length > 0) return problems;
  return Object.entries(resources?.requests ?? {}).flatMap(([name, amount]) => {
    const limit = resources?.limits?.[name];
    if (limit === undefined || compareQuantities(amount, limit) <= 0) return [];
    const at = `${path}.resources.requests`;
    return [invalid(at, amount, `must be less than or equal to ${name} limit of ${limit}`)];
  });
}

const handlerKinds = ['exec', 'grpc', 'httpGet', 'tcpSocket'] as const;

const validateProbes = (container: Container, path: string): readonly string[] =>
  (['livenessProbe', 'readinessProbe', 'startupProbe'] as const).flatMap((kind) => {
    const probe = container[kind];
    if (probe === undefined) return [];
    const at = `${path}.${kind}`;
    const handlers = handlerKinds.filter((handler) => probe[handler] !== undefined).length;
    const numbers = [
      'initialDelaySeconds',
      'timeoutSeconds',
      'periodSeconds',
      'successThreshold',
      'failureThreshold',
    ] as const;
    return [
      ...(handlers === 0 ? [`${at}: Required value: must specify a handler type`] : []),
      ...(handlers > 1 ? [`${at}: Forbidden: may not specify more than 1 handler type`] : []),
      ...numbers
        .filter((name) => (probe[name] ?? 0) < 0)
        .map((name) => invalid(`${at}.${name}`, probe[name], 'must be greater than or equal to 0')),
      ...(kind !== 'readinessProbe' && (probe.successThreshold ?? 1) > 1
        ? [invalid(`${at}.successThreshold`, probe.successThreshold, 'must be 1')]
        : []),
    ];
  });

const messagePolicies = ['File', 'FallbackToLogsOnError'];

/** Parts of volumes, and who sees what is mounted into them. The API's errors name the list, not the mount. */
function validateMountFields({ volumeMounts = [], securityContext }: Container, path: string): readonly string[] {
  const at = `${path}.volumeMounts`;
  return volumeMounts.flatMap(({ subPath, mountPropagation }) => [
    ...(subPath?.startsWith('/') ? [invalid(`${at}.subPath`, subPath, 'must be a relative path')] : []),
    ...noBacksteps(subPath, `${at}.subPath`),
    ...(mountPropagation === 'Bidirectional' && securityContext?.privileged !== true
      ? [
          `${at}.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`,
        ]
      : []),
  ]);
}

export const noBacksteps = (path: string | undefined, at: string): readonly string[] =>
  path?.split('/').includes('..') ? [invalid(at, path, "must not contain '..'")] : [];

/** What the API server would refuse of a container's ports, environment, resources, probes and pull policy. */
export function validateContainerFields(container: Container, path: string, spec: Pod['spec']): readonly string[] {
  const policy = container.imagePullPolicy;
  return [
    ...(policy === undefined || pullPolicies.includes(policy)
      ? []
      : [unsupported(`${path}.imagePullPolicy`, policy, pullPolicies)]),
    ...validatePorts(container, path, spec?.hostNetwork === true),
    ...validateEnv(container, path),
    ...validateResources(container, path),
    ...validateProbes(container, path),
    ...validateMountFields(container, path),
    ...(messagePolicies.includes(container.terminationMessagePolicy ?? 'File')
      ? []
      : [unsupported(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy ?? '', messagePolicies)]),
  ];
}
