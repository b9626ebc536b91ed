import * as z from 'zod';
import type { Node } from '../../../api/types.ts';
import { binaryFolder, configFolder, type NodeNetwork } from './read-node.ts';

/** A network on one node, and why the node is not Ready. */
export interface NodeCniStatus {
  readonly node: string;
  readonly ready: boolean;
  /** The configuration that the runtime uses: the first by name. */
  readonly config: UsedConfig | undefined;
  /** Other configurations, which the runtime does not look at. */
  readonly ignored: readonly string[];
  /** Plugins that the configuration names and the node does not have. */
  readonly missingBinaries: readonly string[];
  /** '' when the node is Ready. */
  readonly why: string;
}

export interface UsedConfig {
  readonly file: string;
  /** The network's name in it; '' when it has none. */
  readonly network: string;
  /** Every program that it calls, in order, with the one that hands out addresses. */
  readonly plugins: readonly string[];
  /** Why it cannot be used; undefined: it can. */
  readonly problem?: string;
}

const pluginSchema = z.looseObject({ type: z.string(), ipam: z.looseObject({ type: z.string() }).optional() });
const listSchema = z.looseObject({ name: z.string().default(''), plugins: z.array(pluginSchema).min(1) });
const singleSchema = z.looseObject({ ...pluginSchema.shape, name: z.string().default('') });

/** What containerd makes of a file: a list of plugins, or one alone. https://www.cni.dev/docs/spec/ */
export function readConfig(file: string, text: string): UsedConfig {
  const unusable = (problem: string): UsedConfig => ({ file, network: '', plugins: [], problem });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unusable('is not valid JSON');
  }
  const list = listSchema.safeParse(value);
  const single = singleSchema.safeParse(value);
  if (!list.success && !single.success) return unusable('names no plugins');
  const { name, plugins } = list.success
    ? list.data
    : { name: single.data?.name ?? '', plugins: single.data === undefined ? [] : [single.data] };
  const programs = plugins.flatMap(({ type, ipam }) => (ipam === undefined ? [type] : [type, ipam.type]));
  return { file, network: name, plugins: [...new Set(programs)] };
}

/** `seen` is undefined when the node did not answer, `node` when the API server does not know it. */
export function decideNodeStatus(name: string, node: Node | undefined, seen: NodeNetwork | undefined): NodeCniStatus {
  const condition = node?.status?.conditions?.find(({ type }) => type === 'Ready');
  const ready = condition?.status === 'True';
  const [first, ...others] = seen?.configs ?? [];
  const config = first === undefined ? undefined : readConfig(first.file, first.text);
  const missingBinaries = (config?.plugins ?? []).filter((plugin) => !seen?.binaries.includes(plugin));
  const found = { node: name, ready, config, ignored: others.map(({ file }) => file), missingBinaries };
  if (ready) return { ...found, why: '' };
  if (seen === undefined) return { ...found, why: `its container does not answer: \`docker start ${name}\`` };
  if (node === undefined)
    return { ...found, why: 'it has not registered: look at its kubelet with `journalctl -u kubelet`' };
  if (config === undefined) {
    return { ...found, why: `no network is installed: there is no configuration in ${configFolder}` };
  }
  if (config.problem !== undefined) return { ...found, why: `${configFolder}/${config.file} ${config.problem}` };
  if (missingBinaries.length > 0) {
    return { ...found, why: `${config.file} calls ${missingBinaries.join(' and ')}, not in ${binaryFolder}` };
  }
  return { ...found, why: condition?.message ?? 'it has not said why' };
}
