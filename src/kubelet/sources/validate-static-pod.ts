import type { Container, Pod } from '../../api/types.ts';
import { validateContainerFields } from './validate-container-fields.ts';
import { hostPortConflicts, initContainerProblems, validatePodFields } from './validate-pod-fields.ts';

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const dnsLabel = new RegExp(`^${label}$`);
const dnsSubdomain = new RegExp(`^${subdomain}$`);
const longestLabel = 63;
const longestSubdomain = 253;
const noLabel = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`;
const noSubdomain = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`;

const tooLong = (text: string, most: number): readonly string[] =>
  text.length > most ? [`must be no more than ${most} bytes`] : [];

function labelProblems(text: string, path: string): readonly string[] {
  if (text === '') return [`${path}: Required value`];
  const shape = dnsSubdomain.test(text) ? 'must not contain dots' : noLabel;
  const whys = [...tooLong(text, longestLabel), ...(dnsLabel.test(text) ? [] : [shape])];
  return whys.map((why) => `${path}: Invalid value: "${text}": ${why}`);
}

const subdomainProblems = (text: string, path: string): readonly string[] =>
  [...tooLong(text, longestSubdomain), ...(dnsSubdomain.test(text) ? [] : [noSubdomain])].map(
    (why) => `${path}: Invalid value: "${text}": ${why}`,
  );

/** Names that stand before in the same list, or in one that is read before it. */
const duplicates = (names: readonly string[], path: (i: number) => string, before: readonly string[] = []) =>
  names.flatMap((name, i) =>
    before.includes(name) || names.indexOf(name) < i ? [`${path(i)}: Duplicate value: "${name}"`] : [],
  );

/** What the API server would refuse, in its words; nothing when the pod is a good one. */
export function validateStaticPod(pod: Pod): readonly string[] {
  const spec = pod.spec;
  const volumes = (spec?.volumes ?? []).map(({ name }) => name ?? '');
  const containers = spec?.containers ?? [];
  const initContainers = spec?.initContainers ?? [];
  const names = containers.map(({ name }) => name);
  const validate = (list: string) => (container: Container, i: number) => [
    ...validateContainer(container, `spec.${list}[${i}]`, new Set(volumes)),
    ...validateContainerFields(container, `spec.${list}[${i}]`, spec),
  ];
  const policy = spec?.restartPolicy ?? '';
  return [
    ...subdomainProblems(pod.metadata?.name ?? '', 'metadata.name'),
    ...volumes.flatMap((name, i) => labelProblems(name, `spec.volumes[${i}].name`)),
    ...duplicates(volumes, (i) => `spec.volumes[${i}].name`),
    ...(containers.length === 0 ? ['spec.containers: Required value'] : []),
    ...containers.flatMap(validate('containers')),
    ...duplicates(names, (i) => `spec.containers[${i}].name`),
    ...hostPortConflicts(containers, 'spec.containers'),
    ...initContainers.flatMap(validate('initContainers')),
    ...initContainers.flatMap((container, i) => initContainerProblems(container, `spec.initContainers[${i}]`)),
    ...duplicates(
      initContainers.map(({ name }) => name),
      (i) => `spec.initContainers[${i}].name`,
      names,
    ),
    ...(['Always', 'OnFailure', 'Never'].includes(policy)
      ? []
      : [`spec.restartPolicy: Unsupported value: "${policy}": supported values: "Always", "OnFailure", "Never"`]),
    ...validatePodFields(spec),
  ];
}

function validateContainer(container: Container, path: string, volumes: ReadonlySet<string>): readonly string[] {
  const mounts = container.volumeMounts ?? [];
  return [
    ...labelProblems(container.name ?? '', `${path}.name`),
    ...(container.image ? [] : [`${path}.image: Required value`]),
    ...mounts.flatMap(({ name, mountPath }, i) => {
      const at = `${path}.volumeMounts[${i}]`;
      const twice = mounts.findIndex((other) => other.mountPath === mountPath) < i;
      return [
        ...(name ? [] : [`${at}.name: Required value`]),
        ...(volumes.has(name) ? [] : [`${at}.name: Not found: "${name ?? ''}"`]),
        ...(mountPath ? [] : [`${at}.mountPath: Required value`]),
        ...(twice ? [`${at}.mountPath: Invalid value: "${mountPath ?? ''}": must be unique`] : []),
      ];
    }),
  ];
}
