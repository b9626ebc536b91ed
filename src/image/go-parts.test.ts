import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { versions } from './contained-images.ts';
import {
  cniPluginsPart,
  containerdPart,
  corednsPart,
  etcdPart,
  goBuildArgs,
  goBuilds,
  kubernetesPart,
  localPathProvisionerPart,
  runcPart,
  upstreamKubeletPart,
} from './go-parts.ts';

const recipe = (path: string) => readFile(new URL(`../../images/node/${path}`, import.meta.url), 'utf8');

/** The version that a part's go.mod requires of a module. */
async function pinned(part: string, module: string): Promise<string | undefined> {
  const text = await recipe(`parts/${part}/go.mod`);
  return new RegExp(`^(?:require )?\\s*${module.replaceAll('.', '\\.')} (v\\S+)`, 'm').exec(text)?.[1];
}

test.each([
  ['kubernetes', 'k8s.io/kubernetes', versions.kubernetes],
  ['etcd', 'go.etcd.io/etcd/server/v3', `v${versions.etcd.replace(/-\d+$/, '')}`],
  ['coredns', 'github.com/coredns/coredns', versions.coredns],
  ['local-path-provisioner', 'github.com/rancher/local-path-provisioner', versions.localPathProvisioner],
  [
    'containerd',
    'github.com/containerd/containerd/v2',
    containerdPart.variables['github.com/containerd/containerd/v2/version.Version'],
  ],
  ['runc', 'github.com/opencontainers/runc', `v${runcPart.variables['main.version']}`],
  [
    'cni-plugins',
    'github.com/containernetworking/plugins',
    cniPluginsPart.variables['github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion'],
  ],
])('what %s says of its version is what its go.mod pins', async (part, module, said) => {
  expect(await pinned(part, module)).toBe(said);
});

test.each([
  containerdPart,
  runcPart,
  cniPluginsPart,
  kubernetesPart,
  upstreamKubeletPart,
  etcdPart,
  corednsPart,
  localPathProvisionerPart,
])('tools.go of $name keeps the dependencies of everything that is built', async (part) => {
  const tools = await recipe(`parts/${part.module}/tools.go`);
  for (const path of Object.keys(part.programs)) expect(tools).toContain(`"${path}"`);
});

test('the pause image of containerd is the one that lies in its store, and the node tells its version', async () => {
  expect(await recipe('rootfs/etc/containerd/config.toml')).toContain(`'registry.k8s.io/pause:${versions.pause}'`);
  expect((await recipe('rootfs/kind/version')).trim()).toBe(versions.kubernetes);
});

test('programs named after their package are built at once, others each on its own', () => {
  expect(goBuilds(containerdPart, '/out')).toEqual([
    { packages: Object.keys(containerdPart.programs), output: '/out/' },
  ]);
  expect(goBuilds(etcdPart, '/out')).toEqual([
    { packages: ['go.etcd.io/etcd/server/v3'], output: '/out/etcd' },
    { packages: ['go.etcd.io/etcd/etcdctl/v3'], output: '/out/etcdctl' },
  ]);
});

test('the build is reproducible: pinned modules, no paths, no version control', () => {
  expect(goBuildArgs(containerdPart, ['x'], '/out/')).toEqual([
    'build',
    '-v',
    '-mod=readonly',
    '-trimpath',
    '-buildvcs=false',
    '-tags',
    'no_btrfs,no_zfs,no_devmapper',
    '-ldflags',
    '-s -w -X github.com/containerd/containerd/v2/version.Version=v2.4.2',
    '-o',
    '/out/',
    'x',
  ]);
});

test("Kubernetes' programs and their User-Agent know their version", () => {
  const args = goBuildArgs(kubernetesPart, ['x'], '/out/').join(' ');
  expect(args).toContain('-X k8s.io/component-base/version.gitVersion=v1.37.2');
  expect(args).toContain('-X k8s.io/client-go/pkg/version.gitMinor=37');
});
