import { versions } from './contained-images.ts';

/** What `go build` makes from one pinned module: images/node/parts/<name>/go.mod. */
export interface GoPart {
  readonly name: string;
  /** The folder below images/node/parts that pins the modules. */
  readonly module: string;
  /** Package → the program's name. */
  readonly programs: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** Variables set at link time: full name → value. */
  readonly variables: Readonly<Record<string, string>>;
  readonly cgo: boolean;
}

const kubernetesVariables = (version: string): Readonly<Record<string, string>> => {
  const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
  // client-go's copy names the program in its User-Agent, component-base's is what --version prints.
  return Object.fromEntries(
    ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((variables) => [
      [`${variables}.gitVersion`, version],
      [`${variables}.gitMajor`, major],
      [`${variables}.gitMinor`, minor],
      [`${variables}.gitTreeState`, 'clean'],
    ]),
  );
};

const kubernetes = (name: string, ...commands: readonly string[]): GoPart => ({
  name,
  module: 'kubernetes',
  programs: Object.fromEntries(commands.map((command) => [`k8s.io/kubernetes/cmd/${command}`, command])),
  tags: [],
  variables: kubernetesVariables(versions.kubernetes),
  cgo: false,
});

const containerd = 'github.com/containerd/containerd/v2';
const plugins = 'github.com/containernetworking/plugins';

export const containerdPart: GoPart = {
  name: 'containerd',
  module: 'containerd',
  programs: {
    [`${containerd}/cmd/containerd`]: 'containerd',
    [`${containerd}/cmd/ctr`]: 'ctr',
    [`${containerd}/cmd/containerd-shim-runc-v2`]: 'containerd-shim-runc-v2',
  },
  tags: ['no_btrfs', 'no_zfs', 'no_devmapper'],
  variables: { [`${containerd}/version.Version`]: 'v2.4.2' },
  cgo: false,
};

export const runcPart: GoPart = {
  name: 'runc',
  module: 'runc',
  programs: { 'github.com/opencontainers/runc': 'runc' },
  tags: ['seccomp'],
  variables: { 'main.version': '1.5.2' },
  // Its first stage, which enters the namespaces, is written in C.
  cgo: true,
};

export const cniPluginsPart: GoPart = {
  name: 'cni-plugins',
  module: 'cni-plugins',
  programs: Object.fromEntries(
    [
      ...['bridge', 'host-device', 'loopback', 'macvlan', 'ptp', 'vlan'].map((name) => ['main', name] as const),
      ...['dhcp', 'host-local', 'static'].map((name) => ['ipam', name] as const),
      ...['bandwidth', 'firewall', 'portmap', 'tuning'].map((name) => ['meta', name] as const),
    ].map(([folder, name]) => [`${plugins}/plugins/${folder}/${name}`, name]),
  ),
  tags: [],
  variables: { [`${plugins}/pkg/utils/buildversion.BuildVersion`]: 'v1.9.1' },
  cgo: false,
};

export const kubernetesPart = kubernetes(
  'kubernetes',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubeadm',
  'kubectl',
);

/** Upstream's kubelet, for clusters that compare it with this project's. */
export const upstreamKubeletPart = kubernetes('upstream-kubelet', 'kubelet');

export const etcdPart: GoPart = {
  name: 'etcd',
  module: 'etcd',
  programs: { 'go.etcd.io/etcd/server/v3': 'etcd', 'go.etcd.io/etcd/etcdctl/v3': 'etcdctl' },
  tags: [],
  variables: {},
  cgo: false,
};

export const corednsPart: GoPart = {
  name: 'coredns',
  module: 'coredns',
  programs: { 'github.com/coredns/coredns': 'coredns' },
  tags: [],
  variables: {},
  cgo: false,
};

export const localPathProvisionerPart: GoPart = {
  name: 'local-path-provisioner',
  module: 'local-path-provisioner',
  programs: { 'github.com/rancher/local-path-provisioner': 'local-path-provisioner' },
  tags: [],
  variables: { 'main.VERSION': versions.localPathProvisioner },
  cgo: false,
};

/** The command line of `go build` for some packages of a part; `output` is a file, or a folder with a trailing slash. */
export function goBuildArgs(part: GoPart, packages: readonly string[], output: string): readonly string[] {
  const linkerFlags = ['-s', '-w', ...Object.entries(part.variables).map(([name, value]) => `-X ${name}=${value}`)];
  return [
    'build',
    // Names each package that is compiled: what the progress counts.
    '-v',
    '-mod=readonly',
    '-trimpath',
    '-buildvcs=false',
    ...(part.tags.length === 0 ? [] : ['-tags', part.tags.join(',')]),
    '-ldflags',
    linkerFlags.join(' '),
    '-o',
    output,
    ...packages,
  ];
}

/**
 * One `go build` makes many programs when each is named after its package's last element; a program with a name of
 * its own needs a build of its own. Answers the builds: packages and the output path below `folder`.
 */
export function goBuilds(part: GoPart, folder: string): readonly { packages: readonly string[]; output: string }[] {
  const entries = Object.entries(part.programs);
  const sameName = entries.filter(([path, name]) => path.endsWith(`/${name}`)).map(([path]) => path);
  const ownName = entries.filter(([path, name]) => !path.endsWith(`/${name}`));
  return [
    ...(sameName.length === 0 ? [] : [{ packages: sameName, output: `${folder}/` }]),
    ...ownName.map(([path, name]) => ({ packages: [path], output: `${folder}/${name}` })),
  ];
}
