import * as z from 'zod';
import { notCalico } from '../errors.ts';
import type { CniManifest, ManifestObject, ManifestPart } from '../manifest.ts';
import type { Encapsulation } from './facts.ts';

export const nodeContainerName = 'calico-node';

const envVar = z.looseObject({ name: z.string(), value: z.string().optional() });
const probe = z.looseObject({ exec: z.looseObject({ command: z.array(z.string()) }).optional() });

const nodeSchema = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        containers: z.array(
          z.looseObject({
            name: z.string(),
            env: z.array(envVar).optional(),
            livenessProbe: probe.optional(),
            readinessProbe: probe.optional(),
          }),
        ),
      }),
    }),
  }),
});

const configSchema = z.looseObject({ data: z.record(z.string(), z.string()) });

/** What the parts of Calico's manifest say that a cluster's own facts may change. */
export interface CalicoManifest {
  readonly manifest: CniManifest;
  readonly node: ManifestPart;
  readonly config: ManifestPart;
  /** Of the container calico-node: the plain values; '' for one that is taken from elsewhere. */
  readonly env: ReadonlyMap<string, string>;
  /** Position of the container calico-node in its pod. */
  readonly containerIndex: number;
  readonly probes: Readonly<Record<'livenessProbe' | 'readinessProbe', readonly string[]>>;
  readonly data: Readonly<Record<string, string>>;
}

/** Finds Calico in a manifest; undefined when it is another network's. */
export function findCalico(manifest: CniManifest): CalicoManifest | undefined {
  const node = manifest.parts.find(isCalicoNode);
  const config = manifest.parts.find(isCalicoConfig);
  const readNode = nodeSchema.safeParse(node?.object);
  const readConfig = configSchema.safeParse(config?.object);
  if (node === undefined || config === undefined || !readNode.success || !readConfig.success) return undefined;
  const { containers } = readNode.data.spec.template.spec;
  const containerIndex = containers.findIndex(({ name }) => name === nodeContainerName);
  const container = containers[containerIndex];
  if (container === undefined) return undefined;
  return {
    manifest,
    node,
    config,
    env: new Map((container.env ?? []).map(({ name, value }) => [name, value ?? ''])),
    containerIndex,
    probes: {
      livenessProbe: container.livenessProbe?.exec?.command ?? [],
      readinessProbe: container.readinessProbe?.exec?.command ?? [],
    },
    data: readConfig.data.data,
  };
}

const isCalicoNode = ({ object: { kind, metadata } }: ManifestPart): boolean =>
  kind === 'DaemonSet' && metadata.name === 'calico-node';

const isCalicoConfig = ({ object: { kind, metadata } }: ManifestPart): boolean =>
  kind === 'ConfigMap' && metadata.name === 'calico-config';

/** Calico as its documentation's calico.yaml has it. Throws NOT_CALICO, saying what is missing and what it may be instead. */
export function requireCalico(manifest: CniManifest): CalicoManifest {
  const found = findCalico(manifest);
  if (found !== undefined) return found;
  const has = (test: (part: ManifestPart) => boolean): boolean => manifest.parts.some(test);
  const missing = [
    ...(has(isCalicoNode) ? [] : ['DaemonSet calico-node']),
    ...(has(isCalicoConfig) ? [] : ['ConfigMap calico-config']),
  ];
  const fallback = `container ${nodeContainerName} in its DaemonSet calico-node, or no data in its ConfigMap calico-config`;
  throw notCalico(manifest.source, missing.length > 0 ? missing : [fallback], explainOther(manifest));
}

function explainOther({ source, parts }: CniManifest): string {
  const objects = parts.map(({ object }) => object);
  const named = (text: string) => objects.some(({ metadata }) => metadata.name.includes(text));
  if (named('tigera-operator') || objects.some(isInstallation)) {
    return "it is the Tigera operator's way to Calico: use manifests/calico.yaml of the same release";
  }
  const daemon = objects.find(({ kind }) => kind === 'DaemonSet');
  if (named('canal')) return 'it is Canal, which is Calico for policies only: use manifests/calico.yaml';
  if (daemon !== undefined)
    return `to install the network it does hold (${daemon.metadata.name}): \`klab cni apply ${source}\``;
  return "use Calico's manifests/calico.yaml; without --manifest, klab downloads it";
}

const isInstallation = ({ apiVersion, kind }: ManifestObject): boolean =>
  kind === 'Installation' && apiVersion.startsWith('operator.tigera.io/');

/** What the manifest's own settings make of its first IPv4 pool. */
export function writtenEncapsulation({ env }: CalicoManifest): Encapsulation {
  const on = (name: string): boolean => ['Always', 'CrossSubnet'].includes(env.get(name) ?? 'Never');
  if (on('CALICO_IPV4POOL_VXLAN')) return 'vxlan';
  return on('CALICO_IPV4POOL_IPIP') ? 'ipip' : 'none';
}
