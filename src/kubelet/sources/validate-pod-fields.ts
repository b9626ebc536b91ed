import type { Container, Pod } from '../../api/types.ts';
import { invalid, noBacksteps, unsupported } from './validate-container-fields.ts';

const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** Ports of the host that containers which run side by side take more than once. */
export function hostPortConflicts(containers: readonly Container[], path: string): readonly string[] {
  const taken = new Set<string>();
  return containers.flatMap(({ ports = [] }, c) =>
    ports.flatMap(({ protocol, hostIP = '', hostPort = 0 }, i) => {
      const port = `${protocol}/${hostIP}/${hostPort}`;
      if (hostPort === 0) return [];
      if (taken.has(port)) return [`${path}[${c}].ports[${i}].hostPort: Duplicate value: "${port}"`];
      taken.add(port);
      return [];
    }),
  );
}

const ofSidecars = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

/** What only containers can have that stay up. */
export const initContainerProblems = (container: Container, path: string): readonly string[] =>
  container.restartPolicy === 'Always'
    ? []
    : ofSidecars
        .filter((name) => container[name] !== undefined)
        .map((name) => `${path}.${name}: Forbidden: may not be set for init containers without restartPolicy=Always`);

/** What the API server would refuse of a pod's own fields and of its volumes. */
export function validatePodFields(spec: Pod['spec']): readonly string[] {
  const deadline = spec?.activeDeadlineSeconds ?? 1;
  const dnsPolicy = spec?.dnsPolicy ?? 'ClusterFirst';
  return [
    ...(dnsPolicies.includes(dnsPolicy) ? [] : [unsupported('spec.dnsPolicy', dnsPolicy, dnsPolicies)]),
    ...(deadline < 1 ? [invalid('spec.activeDeadlineSeconds', deadline, 'must be between 1 and 2147483647')] : []),
    ...(spec?.volumes ?? []).flatMap((volume, i) => [
      ...(Object.keys(volume).length > 2
        ? [`spec.volumes[${i}]: Forbidden: may not specify more than 1 volume type`]
        : []),
      ...(volume.hostPath === undefined || volume.hostPath.path
        ? []
        : [`spec.volumes[${i}].hostPath.path: Required value`]),
      ...noBacksteps(volume.hostPath?.path, `spec.volumes[${i}].hostPath.path`),
    ]),
    ...((spec?.ephemeralContainers ?? []).length > 0
      ? ['spec.ephemeralContainers: Forbidden: cannot be set on create']
      : []),
  ];
}
