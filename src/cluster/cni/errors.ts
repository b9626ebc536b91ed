import { KlabError, messageOf } from '../../base/errors.ts';

export const manifestUnreadable = (source: string, cause: unknown) =>
  new KlabError('CNI_MANIFEST_UNREADABLE', `the manifest ${source} cannot be read: ${messageOf(cause)}`, {
    hint: 'name a file that is there, a URL, or - for standard input',
    cause,
  });

export const manifestInvalid = (source: string, why: string) =>
  new KlabError('CNI_MANIFEST_INVALID', `${source} is no manifest: ${why}`, {
    hint: 'it is to hold Kubernetes objects as YAML or JSON, as `kubectl apply -f` takes them',
  });

export const notCalico = (source: string, missing: readonly string[], hint: string) =>
  new KlabError('NOT_CALICO', `${source} is not Calico's manifest: it has no ${missing.join(' and no ')}`, { hint });

export const noWorkload = (source: string) =>
  new KlabError('NOT_A_CNI', `${source} is not the manifest of a network: it has no DaemonSet`, {
    hint: 'a network is brought to every node by a DaemonSet; apply anything else with kubectl',
  });

export const encapsulationImpossible = (asked: string, module: string, others: readonly string[]) =>
  new KlabError('NO_ENCAPSULATION', `this machine's kernel has no ${asked} (module ${module}), so it cannot be used`, {
    hint:
      others.length === 0
        ? `load it on this machine: \`modprobe ${module}\``
        : `load it on this machine (\`modprobe ${module}\`), or use --encapsulation ${others.join(' or ')}`,
  });

export const podSubnetCollides = (podSubnet: string, other: string, where: string) =>
  new KlabError('SUBNETS_OVERLAP', `the pods' network ${podSubnet} overlaps with ${other}, ${where}`, {
    hint: 'choose another range with networking.podSubnet when the cluster is made, like 10.244.0.0/16',
  });

export const downloadFailed = (url: string, hint: string, cause: unknown) =>
  new KlabError('CNI_DOWNLOAD_FAILED', `cannot download ${url}: ${messageOf(cause)}`, { hint, cause });

export const checksumWrong = (source: string, expected: string, found: string, hint: string) =>
  new KlabError(
    'CNI_CHECKSUM_WRONG',
    `${source} is not what was expected: its sha256 is ${found}, expected ${expected}`,
    { hint },
  );

export const checksumMalformed = (text: string) =>
  new KlabError('USAGE', `--sha256 ${JSON.stringify(text)} is no sha256`, {
    hint: 'write its 64 hexadecimal digits, as `sha256sum FILE` prints them',
  });

export const otherNetworkInstalled = (installed: string, cluster: string) =>
  new KlabError('CNI_INSTALLED', `the cluster has a network already: ${installed}`, {
    hint: `remove it first: \`klab cni remove --name ${cluster}\``,
  });

export const noNetworkInstalled = (cluster: string) =>
  new KlabError('CNI_NOT_INSTALLED', `the cluster "${cluster}" has no network to remove`, {
    hint: 'look with `klab cni status`; a network that klab does not know is removed with --manifest FILE',
  });

export const imageNotPullable = (image: string, node: string, cluster: string, why: string) =>
  new KlabError('CNI_IMAGE_NOT_PULLED', `node ${node} cannot pull ${image}: ${why}`, {
    hint: `put it there from this machine: \`docker pull ${image} && klab load docker-image ${image} --name ${cluster}\``,
  });

export const objectRefused = (what: string, cause: unknown) =>
  new KlabError('APPLY_FAILED', `the API server refused ${what}: ${messageOf(cause)}`, { cause });

export const networkNotReady = (waitMs: number, missing: string, output: string) =>
  new KlabError('CNI_NOT_READY', `the network was not ready after ${Math.round(waitMs / 1000)}s: ${missing}`, {
    hint: 'give it longer with --wait, or keep what was applied with --retain and look at `klab cni status`',
    output,
  });

export const clusterUnreadable = (what: string, cause: unknown) =>
  new KlabError('CLUSTER_UNREADABLE', `cannot find out ${what}: ${messageOf(cause)}`, {
    hint: 'was the cluster made with klab, and does its API server answer (`kubectl get nodes`)?',
    cause,
  });
