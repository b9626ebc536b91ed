import { isAbsolute, normalize } from 'node:path';
import { validateFeatureGates } from './feature-gates.ts';
import type { KubeletConfiguration } from './model.ts';
import { invalid } from './problem.ts';
import { validateChoices } from './validate-choices.ts';
import { validateNumbers, validateTimes, validateUserNamespaces } from './validate-numbers.ts';

const validatePorts = (c: KubeletConfiguration): readonly string[] => {
  const port = (value: number | undefined, field: string, flag: string, least: number) =>
    value !== undefined && (!Number.isInteger(value) || value < least || value > 65_535)
      ? [invalid(field, flag, `${value} must be between ${least} and 65535, inclusive`)]
      : [];
  return [
    ...port(c.port, 'port', 'port', 1),
    ...port(c.healthzPort, 'healthzPort', 'healthz-port', 0),
    ...port(c.readOnlyPort, 'readOnlyPort', 'read-only-port', 0),
  ];
};

const enforceable = [
  'none',
  'pods',
  'system-reserved',
  'system-reserved-compressible',
  'kube-reserved',
  'kube-reserved-compressible',
];

const validateAllocatable = (c: KubeletConfiguration): readonly string[] => {
  const wanted = c.enforceNodeAllocatable;
  const field = 'enforceNodeAllocatable';
  const flag = 'enforce-node-allocatable';
  const cgroup = { 'system-reserved': c.systemReservedCgroup, 'kube-reserved': c.kubeReservedCgroup };
  return [
    ...wanted
      .filter((value) => !enforceable.includes(value))
      .map((value) => invalid(field, flag, `option "${value}" must be one of ${enforceable.join(', ')}`)),
    ...(wanted.includes('none') && wanted.length > 1
      ? [invalid(field, flag, 'may not contain additional enforcements when "none" is specified')]
      : []),
    ...['system-reserved', 'kube-reserved'].flatMap((kind) =>
      wanted.includes(kind) && wanted.includes(`${kind}-compressible`)
        ? [invalid(field, flag, `may not contain both "${kind}" and "${kind}-compressible"`)]
        : [],
    ),
    ...(new Set(wanted).size < wanted.length ? [invalid(field, flag, 'has duplicate enforcements')] : []),
    ...Object.entries(cgroup).flatMap(([kind, name]) =>
      wanted.some((value) => value.startsWith(kind)) && !name
        ? [
            invalid(
              `${kind.split('-')[0]}ReservedCgroup`,
              `${kind}-cgroup`,
              `must be specified when "${kind}" is included in enforceNodeAllocatable (--${flag})`,
            ),
          ]
        : [],
    ),
    ...(!c.cgroupsPerQOS && wanted.some((value) => value !== 'none')
      ? [invalid(field, flag, `is not supported unless cgroupsPerQOS (--cgroups-per-qos) is set to true`)]
      : []),
  ];
};

const validateRest = (c: KubeletConfiguration): readonly string[] => {
  const swap = c.memorySwap.swapBehavior ?? '';
  const logs = c.podLogsDir;
  const rules: readonly (readonly [boolean, string])[] = [
    [
      Boolean(c.systemCgroups) && !c.cgroupRoot,
      invalid('systemCgroups', 'system-cgroups', 'was specified and cgroupRoot (--cgroup-root) was not specified'),
    ],
    [
      !isAbsolute(logs) || normalize(logs) !== logs || (logs.length > 1 && logs.endsWith('/')),
      invalid('podLogsDir', undefined, `"${logs}" must be an absolute and normalized path`),
    ],
    [
      [...logs].some((letter) => letter > '\u007f'),
      invalid('podLogsDir', undefined, `"${logs}" must hold ASCII characters only`),
    ],
    [
      c.containerRuntimeEndpoint === '',
      invalid('containerRuntimeEndpoint', 'container-runtime-endpoint', 'must be set'),
    ],
    [c.runOnce === true, invalid('runOnce', 'runonce', 'is no longer supported')],
    [
      c.enableSystemLogQuery && !c.enableSystemLogHandler,
      invalid('enableSystemLogHandler', undefined, 'is required for enableSystemLogQuery'),
    ],
    [
      !['', 'NoSwap', 'LimitedSwap'].includes(swap),
      invalid('memorySwap.swapBehavior', undefined, `"${swap}" must be one of: "", "LimitedSwap" or "NoSwap"`),
    ],
    [
      Boolean(c.reservedSystemCPUs) && Boolean(c.systemReservedCgroup || c.kubeReservedCgroup),
      invalid(
        'reservedSystemCPUs',
        'reserved-cpus',
        'cannot be used together with systemReservedCgroup or kubeReservedCgroup',
      ),
    ],
    [
      !['Webhook', 'AlwaysAllow'].includes(c.authorization.mode),
      invalid('authorization.mode', 'authorization-mode', `"${c.authorization.mode}" must be Webhook or AlwaysAllow`),
    ],
    [
      !['cgroupfs', 'systemd'].includes(c.cgroupDriver),
      invalid('cgroupDriver', 'cgroup-driver', `"${c.cgroupDriver}" must be cgroupfs or systemd`),
    ],
    [
      !['text', 'json'].includes(c.logging.format),
      invalid('logging.format', 'logging-format', `"${c.logging.format}" must be text or json`),
    ],
  ];
  return rules.filter(([wrong]) => wrong).map(([, problem]) => problem);
};

/** Every problem of a configuration, each with its field and flag; none when the kubelet can run with it. */
export function validateKubeletConfiguration(c: KubeletConfiguration): readonly string[] {
  return [
    ...validateFeatureGates(c.featureGates ?? {}).map((problem) => `invalid configuration: ${problem}`),
    ...validatePorts(c),
    ...validateNumbers(c),
    ...validateTimes(c),
    ...validateUserNamespaces(c),
    ...validateAllocatable(c),
    ...validateRest(c),
    ...validateChoices(c),
  ];
}
