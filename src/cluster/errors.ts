import { KlabError } from '../base/errors.ts';

export const clusterExists = (cluster: string) =>
  new KlabError('CLUSTER_EXISTS', `cluster "${cluster}" already has nodes`, {
    hint: `delete it with \`klab delete cluster --name ${cluster}\`, or choose another --name`,
  });

export const clusterNotFound = (cluster: string, others: readonly string[]) =>
  new KlabError('CLUSTER_NOT_FOUND', `there is no cluster "${cluster}"`, {
    hint: others.length === 0 ? 'create one with `klab create cluster`' : `there are: ${others.join(', ')}`,
  });

export const nodeNotFound = (node: string, others: readonly string[]) =>
  new KlabError('NODE_NOT_FOUND', `there is no node "${node}"`, {
    hint: others.length === 0 ? 'list the clusters with `klab get clusters`' : `there are: ${others.join(', ')}`,
  });

export const mountSourceMissing = (node: string, hostPath: string) =>
  new KlabError('MOUNT_MISSING', `node ${node}: the extraMount's hostPath ${hostPath} does not exist`, {
    hint: `create it (\`mkdir -p ${hostPath}\`) or correct extraMounts in the config`,
  });

export const subnetsOverlap = (field: string, subnet: string, network: string) =>
  new KlabError('SUBNETS_OVERLAP', `networking.${field} ${subnet} overlaps with the nodes' own network ${network}`, {
    hint: 'choose another range, like 10.244.0.0/16 for pods and 10.96.0.0/16 for services',
  });

export const noAddressLeft = (network: string) =>
  new KlabError('NO_ADDRESS_LEFT', `the network ${network} has no free addresses for the nodes`, {
    hint: 'delete clusters that you no longer need: `klab get clusters`',
  });

export const imageNotAvailable = (image: string, cause: unknown) =>
  new KlabError('IMAGE_NOT_AVAILABLE', `the node image ${image} is neither here nor can it be pulled`, {
    hint: 'build one with `klab build node-image`, or name another with --image',
    cause,
  });

export const notANodeImage = (image: string) =>
  new KlabError('NOT_A_NODE_IMAGE', `the image ${image} is not one of klab's node images`, {
    hint: 'build one with `klab build node-image`',
  });

export const nodeDidNotBoot = (node: string, lastSeen: string, console: string) =>
  new KlabError('NODE_DID_NOT_BOOT', `node ${node} did not boot: ${lastSeen}`, {
    hint: 'below are the last lines of its console',
    output: console,
  });

export const apiServerNotReady = (node: string, lastSeen: string, log: string) =>
  new KlabError('API_SERVER_NOT_READY', `the API server on ${node} does not answer: ${lastSeen}`, {
    hint: 'below are the last lines of the logs; what kubeadmConfigPatches and featureGates ask for may be at fault',
    output: log,
  });

export const apiServerSilent = (cluster: string, lastSeen: string) =>
  new KlabError('API_SERVER_NOT_READY', `the API server of cluster ${cluster} does not answer: ${lastSeen}`, {
    hint: `look at its control plane: \`klab get nodes --name ${cluster}\`, \`klab export logs --name ${cluster}\``,
  });

export const nodeNotJoined = (node: string, why: string, log: string) =>
  new KlabError('NODE_NOT_JOINED', `node ${node} did not join the cluster: ${why}`, {
    hint: 'below are the last lines of its kubelet; keep the node with --retain to look at it',
    output: log,
  });

export const applyFailed = (what: string, cause: unknown) =>
  new KlabError(
    'APPLY_FAILED',
    `the API server refused ${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  );

export const clusterNotReady = (waitMs: number, missing: string, log: string) =>
  new KlabError('CLUSTER_NOT_READY', `the cluster was not ready after ${Math.round(waitMs / 1000)}s: ${missing}`, {
    hint: 'give it longer with --wait, or keep it with --retain and look at `klab export logs`',
    output: log,
  });

export const commandFailed = (node: string, command: string, output: string) =>
  new KlabError('NODE_COMMAND_FAILED', `\`${command}\` failed on ${node}`, { output });

export const imageNotLocal = (image: string) =>
  new KlabError('IMAGE_NOT_LOCAL', `image "${image}" is not present locally`, {
    hint: `pull or build it first: \`docker pull ${image}\``,
  });

export const archiveUnreadable = (path: string, cause: unknown) =>
  new KlabError('ARCHIVE_UNREADABLE', `the image archive ${path} cannot be read`, {
    hint: 'make one with `docker save -o FILE IMAGE`',
    cause,
  });

export const archiveRefused = (node: string, output: string) =>
  new KlabError('ARCHIVE_REFUSED', `containerd on ${node} cannot take in the images`, {
    hint: 'is it an archive of `docker save` or of the OCI layout, and is there room on the disk (`df -h`)?',
    output,
  });

export const clusterUnreadable = (cluster: string, what: string) =>
  new KlabError('CLUSTER_UNREADABLE', `cluster "${cluster}" does not say what a new node has to be like: ${what}`, {
    hint: 'klab adds nodes to clusters that klab made; look at it with `kubectl -n kube-system get configmaps`',
  });

export const notAWorker = (node: string) =>
  new KlabError('NOT_A_WORKER', `node "${node}" is its cluster's control plane`, {
    hint: 'without it there is no cluster: `klab delete cluster` deletes all of it',
  });
