import { createHash } from 'node:crypto';
import {
  cniPluginsPart,
  containerdPart,
  corednsPart,
  etcdPart,
  type GoPart,
  kubernetesPart,
  localPathProvisionerPart,
  runcPart,
  upstreamKubeletPart,
} from './go-parts.ts';

/** Parts that may be left out. */
export type OptionalPart = 'upstream-kubelet';
export const optionalParts: readonly OptionalPart[] = ['upstream-kubelet'];

/** How a part is made. One executor for each kind is in parts/. */
export type Recipe =
  /** A minimal Debian root file system → an image. */
  | { readonly kind: 'debian'; readonly suite: string }
  /** The Dockerfile's stage that installs packages → an image. */
  | { readonly kind: 'packages' }
  /** Programs of the packages that the contained images share → a folder. */
  | { readonly kind: 'tools' }
  | { readonly kind: 'go'; readonly build: GoPart }
  | { readonly kind: 'nodejs' }
  | { readonly kind: 'bundles' }
  /** The Dockerfile's stage that adds the programs → an image. */
  | { readonly kind: 'binaries'; readonly upstreamKubelet: boolean }
  /** The control plane's images inside containerd's store → an image. */
  | { readonly kind: 'images' }
  /** The last stage: our files → the node image. */
  | { readonly kind: 'node'; readonly labels: Readonly<Record<string, string>> };

/** One piece of the node image. Its key changes exactly when it has to be made again. */
export interface Part {
  readonly name: string;
  readonly key: string;
  readonly needs: readonly string[];
  readonly recipe: Recipe;
  readonly result: 'folder' | 'image';
}

/** Digests of what parts are made from, by name: folders and files of the recipe, the toolchain's versions. */
export type Inputs = Readonly<Record<string, string>>;

interface Draft {
  readonly name: string;
  readonly needs: readonly string[];
  readonly recipe: Recipe;
  readonly result: 'folder' | 'image';
  /** Names of `Inputs` that it is made from. */
  readonly from: readonly string[];
}

export interface PlanOptions {
  readonly withParts: readonly OptionalPart[];
  readonly labels: Readonly<Record<string, string>>;
  readonly inputs: Inputs;
}

/** The list of parts, each after the ones it needs; the last one is the node image. Throws for an unknown input. */
export function planParts({ withParts, labels, inputs }: PlanOptions): readonly Part[] {
  const keys = new Map<string, string>();
  return drafts(withParts, labels).map(({ from, ...draft }) => {
    const key = partKey(
      draft.recipe,
      from.map((name) => [name, known(inputs[name], name)]),
      draft.needs.map((name) => [name, known(keys.get(name), name)]),
    );
    keys.set(draft.name, key);
    return { ...draft, key };
  });
}

/** Every input that some part is made from. */
export const inputNames = (withParts: readonly OptionalPart[]): readonly string[] => [
  ...new Set(drafts(withParts, {}).flatMap(({ from }) => from)),
];

function drafts(withParts: readonly OptionalPart[], labels: Readonly<Record<string, string>>): readonly Draft[] {
  const upstreamKubelet = withParts.includes('upstream-kubelet');
  const goParts = [
    containerdPart,
    runcPart,
    cniPluginsPart,
    kubernetesPart,
    ...(upstreamKubelet ? [upstreamKubeletPart] : []),
    etcdPart,
    corednsPart,
    localPathProvisionerPart,
  ];
  const onNode = ['containerd', 'runc', 'cni-plugins', 'kubernetes', ...(upstreamKubelet ? ['upstream-kubelet'] : [])];
  return [
    {
      name: 'debian',
      needs: [],
      recipe: { kind: 'debian', suite: 'trixie' },
      result: 'image',
      from: ['architecture', 'src/image/parts/debian.ts'],
    },
    { name: 'packages', needs: ['debian'], recipe: { kind: 'packages' }, result: 'image', from: ['stage:packages'] },
    { name: 'tools', needs: ['packages'], recipe: { kind: 'tools' }, result: 'folder', from: ['extract-tools.sh'] },
    ...goParts.map(
      (build): Draft => ({
        name: build.name,
        needs: [],
        recipe: { kind: 'go', build },
        result: 'folder',
        from: [`parts/${build.module}`, 'go', 'architecture'],
      }),
    ),
    { name: 'nodejs', needs: [], recipe: { kind: 'nodejs' }, result: 'folder', from: ['nodejs'] },
    {
      name: 'binaries',
      needs: ['packages', 'nodejs', ...onNode],
      recipe: { kind: 'binaries', upstreamKubelet },
      result: 'image',
      from: ['stage:binaries'],
    },
    {
      name: 'images',
      needs: ['binaries', 'tools', 'kubernetes', 'etcd', 'coredns', 'local-path-provisioner'],
      recipe: { kind: 'images' },
      result: 'image',
      from: ['store-images.sh', 'contained-images', 'src/image/oci', 'src/image/parts/images.ts'],
    },
    {
      name: 'bundles',
      needs: [],
      recipe: { kind: 'bundles' },
      result: 'folder',
      from: ['bundles', 'package-lock.json', 'src/image/bundle.ts'],
    },
    {
      name: 'node',
      needs: ['images', 'bundles'],
      recipe: { kind: 'node', labels },
      result: 'image',
      from: ['stage:node', 'rootfs'],
    },
  ];
}

/** A short hash of all that a part depends on; independent of the order in which it is listed. */
export function partKey(recipe: Recipe, ...parts: readonly (readonly (readonly [string, string])[])[]): string {
  const hash = createHash('sha256').update(JSON.stringify(recipe));
  for (const list of parts) hash.update(JSON.stringify([...list].sort(([a], [b]) => (a < b ? -1 : 1))));
  return hash.digest('hex').slice(0, 16);
}

function known(value: string | undefined, name: string): string {
  if (value === undefined) throw new Error(`the plan of the node image knows no input "${name}"`);
  return value;
}
