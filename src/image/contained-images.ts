import type { OciConfig } from './oci/archive.ts';
import type { LayerEntry } from './oci/layer.ts';

/** The versions that this node image is made of. */
export interface ImageVersions {
  readonly kubernetes: string;
  readonly etcd: string;
  readonly coredns: string;
  readonly pause: string;
  readonly localPathProvisioner: string;
  readonly busybox: string;
  readonly networkAgent: string;
}

export const versions: ImageVersions = {
  kubernetes: 'v1.37.2',
  etcd: '3.7.0-0',
  coredns: 'v1.14.6',
  pause: '3.10.2',
  localPathProvisioner: 'v0.0.30',
  busybox: '1.37',
  networkAgent: 'v0.1.0',
};

/** A layer by name; layers of one name are made once and shared. `tar`: a tar on this machine, taken as it is. */
export type LayerPlan =
  | { readonly name: string; readonly kind: 'entries'; readonly entries: readonly LayerEntry[] }
  | { readonly name: string; readonly kind: 'tar'; readonly file: string };

/** An image that lies in the node's containerd, so that the cluster starts without any registry. */
export interface ContainedImage {
  readonly name: string;
  readonly layers: readonly LayerPlan[];
  readonly config: OciConfig;
}

/** Where the parts' results lie on this machine. */
export interface ContainedPrograms {
  /** The path of a program built by a part. */
  readonly program: (part: string, name: string) => string;
  /** A tar with busybox and a link for each of its commands. */
  readonly busyboxTar: string;
  /** A tar with iptables, nft, conntrack, ip, kmod and the libraries they need. */
  readonly networkToolsTar: string;
  readonly pause: string;
}

/** All images of a node, with the layers each is made of, base first. */
export function containedImages(from: ContainedPrograms, v: ImageVersions = versions): readonly ContainedImage[] {
  const busybox: LayerPlan = { name: 'busybox', kind: 'tar', file: from.busyboxTar };
  const networkTools: LayerPlan = { name: 'network-tools', kind: 'tar', file: from.networkToolsTar };
  const programs = (part: string, ...names: readonly string[]): LayerPlan => ({
    name: `${part}-${names.join('-')}`,
    kind: 'entries',
    entries: [
      { kind: 'folder', path: 'usr' },
      { kind: 'folder', path: 'usr/local' },
      { kind: 'folder', path: 'usr/local/bin' },
      ...names.map(
        (name): LayerEntry => ({
          kind: 'file',
          path: `usr/local/bin/${name}`,
          source: from.program(part, name),
          mode: 0o755,
        }),
      ),
    ],
  });
  const atRoot = (name: string, source: string): LayerPlan => ({
    name,
    kind: 'entries',
    entries: [{ kind: 'file', path: name, source, mode: 0o755 }],
  });
  const kubernetes = (name: string, ...base: readonly LayerPlan[]): ContainedImage => ({
    name: `registry.k8s.io/${name}:${v.kubernetes}`,
    layers: [...base, programs('kubernetes', name)],
    config: { entrypoint: [`/usr/local/bin/${name}`] },
  });
  return [
    {
      name: `registry.k8s.io/pause:${v.pause}`,
      layers: [atRoot('pause', from.pause)],
      config: { entrypoint: ['/pause', '-P'], user: '65535:65535' },
    },
    kubernetes('kube-apiserver'),
    kubernetes('kube-controller-manager'),
    kubernetes('kube-scheduler'),
    kubernetes('kube-proxy', busybox, networkTools),
    {
      name: `registry.k8s.io/etcd:${v.etcd}`,
      layers: [busybox, programs('etcd', 'etcd', 'etcdctl')],
      config: { entrypoint: ['/usr/local/bin/etcd'] },
    },
    {
      name: `registry.k8s.io/coredns/coredns:${v.coredns}`,
      layers: [atRoot('coredns', from.program('coredns', 'coredns'))],
      config: { entrypoint: ['/coredns'] },
    },
    {
      name: `docker.io/rancher/local-path-provisioner:${v.localPathProvisioner}`,
      layers: [busybox, programs('local-path-provisioner', 'local-path-provisioner')],
      config: { entrypoint: ['/usr/local/bin/local-path-provisioner'] },
    },
    { name: `docker.io/library/busybox:${v.busybox}`, layers: [busybox], config: { command: ['sh'] } },
    {
      // Its program is the node's own bundle, run by the node's own Node from a read-only host path: a copy of the
      // runtime in the image would cost 120 MB on every node.
      name: `docker.io/klab/network-agent:${v.networkAgent}`,
      layers: [busybox, networkTools],
      config: { command: ['sh'] },
    },
  ];
}
