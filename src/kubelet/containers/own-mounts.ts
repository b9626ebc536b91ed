import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { ContainerConfig } from '../../cri/port.ts';
import type { RunnableContainer } from '../parts.ts';
import { isHostNetwork, uidOf } from '../pod-facts.ts';
import { renderHostNetworkHostsFile, renderHostsFile } from './hosts-file.ts';

type Mount = ContainerConfig['mounts'][number];

const hostsPath = '/etc/hosts';

const bindMount = (containerPath: string, hostPath: string): Mount => ({
  containerPath,
  hostPath,
  readonly: false,
  selinuxRelabel: false,
  propagation: 0,
  uidMappings: [],
  gidMappings: [],
  recursiveReadOnly: false,
  image: undefined,
  imageSubPath: '',
  mountOptions: [],
});

export interface OwnMountInputs {
  /** The kubelet's root folder, `/var/lib/kubelet`. */
  readonly rootDir: string;
  readonly podIps: readonly string[];
  readonly hostname: string;
  readonly domain: string;
}

/** The mounts that every container gets from the kubelet itself: its hosts file and its termination message. */
export async function placeOwnMounts(pod: Pod, container: RunnableContainer, inputs: OwnMountInputs): Promise<Mount[]> {
  const podDir = join(inputs.rootDir, 'pods', uidOf(pod));
  const hosts = await placeHostsFile(pod, container, podDir, inputs);
  return [...hosts, await placeTerminationLog(container, podDir)];
}

/** Written anew at each start, so that it follows the node's file and the pod's addresses. */
async function placeHostsFile(
  pod: Pod,
  container: RunnableContainer,
  podDir: string,
  { podIps, hostname, domain }: OwnMountInputs,
): Promise<Mount[]> {
  const mountsItself = container.volumeMounts?.some(({ mountPath }) => mountPath === hostsPath);
  if (mountsItself || (podIps.length === 0 && !isHostNetwork(pod))) return [];
  const path = join(podDir, 'etc-hosts');
  const hostAliases = pod.spec?.hostAliases;
  const text = isHostNetwork(pod)
    ? renderHostNetworkHostsFile(await readFile(hostsPath, 'utf8').catch(() => ''), hostAliases)
    : renderHostsFile({ podIps, hostname, domain, hostAliases });
  await mkdir(podDir, { recursive: true, mode: 0o750 });
  await writeFile(path, text, { mode: 0o644 });
  return [bindMount(hostsPath, path)];
}

async function placeTerminationLog(container: RunnableContainer, podDir: string): Promise<Mount> {
  const folder = join(podDir, 'containers', container.name);
  const path = join(folder, randomBytes(4).toString('hex'));
  await mkdir(folder, { recursive: true, mode: 0o750 });
  await writeFile(path, '');
  // The container's user, whoever that is, writes to it; the umask would take that away from the mode of creation.
  await chmod(path, 0o666);
  return bindMount(container.terminationMessagePath ?? '/dev/termination-log', path);
}
