import { readdir, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { type DocumentOptions, type ParseOptions, parseDocument, type SchemaOptions } from 'yaml';
import { messageOf } from '../../base/errors.ts';
import { formatGoDuration } from '../go-duration.ts';
import { decodeConfiguration } from './decode.ts';
import {
  builtInDefaults,
  type ConfigTree,
  evictionDefaults,
  fieldOf,
  layer,
  legacyDefaults,
  withField,
} from './defaults.ts';
import { parseGoDuration } from './duration.ts';
import { KubeletConfigError } from './errors.ts';
import type { KubeletConfiguration } from './model.ts';
import type { ParsedFlags } from './parse-flags.ts';
import { validateKubeletConfiguration } from './validate.ts';
import { withoutZeroValues } from './zero-values.ts';

const apiVersion = 'kubelet.config.k8s.io/v1beta1';
const kind = 'KubeletConfiguration';

/** Paths that a configuration file may give relative to itself. */
const pathFields = [
  'staticPodPath',
  'authentication.x509.clientCAFile',
  'tlsCertFile',
  'tlsPrivateKeyFile',
  'resolvConf',
  'podLogsDir',
];

/** Durations, printed the way Go does whatever way they were written. */
const durationFields = Object.entries(builtInDefaults)
  .filter(([, value]) => typeof value === 'string' && /^\d+(ms|s|m|h)/.test(value))
  .map(([name]) => name)
  .concat(
    'authentication.webhook.cacheTTL',
    'authorization.webhook.cacheAuthorizedTTL',
    'authorization.webhook.cacheUnauthorizedTTL',
    'crashLoopBackOff.maxContainerRestartPeriod',
  );

export interface LoadedConfiguration {
  readonly configuration: KubeletConfiguration;
  readonly warnings: readonly string[];
}

/**
 * YAML as Go reads it: `no` and `off` are booleans. Times stay text, and `1:20` does too, which Go does not take for a
 * number of sixties.
 */
const yamlOptions: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  customTags: (tags) =>
    tags.filter(
      (tag) => typeof tag === 'string' || (tag.tag !== 'tag:yaml.org,2002:timestamp' && tag.format !== 'TIME'),
    ),
};

/** Text of one file → its fields. Unknown and duplicate fields are warnings, as in upstream's lenient decoding. */
export function parseConfigFile(
  text: string,
  path: string,
): { readonly tree: ConfigTree; readonly warnings: readonly string[] } {
  if (text.trim() === '')
    throw new KubeletConfigError(
      `failed to load kubelet config file, path: ${path}, error: kubelet config file "${path}" was empty`,
    );
  const document = parseDocument(text, { ...yamlOptions, uniqueKeys: false });
  const [broken] = document.errors;
  if (broken !== undefined)
    throw new KubeletConfigError(`failed to load kubelet config file, path: ${path}, error: ${broken.message}`);
  const tree: unknown = document.toJS();
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    throw new KubeletConfigError(`failed to load kubelet config file, path: ${path}, error: it is not a ${kind}`);
  }
  const fields = tree as ConfigTree;
  if (fields.apiVersion !== apiVersion || fields.kind !== kind) {
    throw new KubeletConfigError(
      `failed to load kubelet config file, path: ${path}, error: no kind "${String(fields.kind ?? '')}" is registered for version "${String(fields.apiVersion ?? '')}": expected ${kind} of ${apiVersion}`,
    );
  }
  const decoded = decodeConfiguration(fields);
  if (decoded.kind === 'broken') {
    throw new KubeletConfigError(
      `failed to load kubelet config file, path: ${path}, error: failed to decode: ${decoded.problem}`,
    );
  }
  const strict = parseDocument(text, yamlOptions).errors.map(({ message }) => message.split('\n')[0] ?? '');
  const problems = [...strict, ...decoded.unknown.map((name) => `unknown field "${name}"`)];
  return {
    tree: decoded.fields,
    warnings:
      problems.length === 0
        ? []
        : [`Using lenient decoding as strict decoding failed: ${path}: ${problems.join(', ')}`],
  };
}

/** RFC 7386: null deletes, lists are replaced. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

function resolvePaths(tree: ConfigTree, folder: string): ConfigTree {
  return pathFields.reduce((result, path) => {
    const value = fieldOf(result, path);
    return typeof value === 'string' && value !== '' && !isAbsolute(value)
      ? withField(result, path, join(folder, value))
      : result;
  }, tree);
}

async function dropIns(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.conf'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * The configuration in force: built-in defaults, the file, its drop-ins, the flags, each above the one before.
 * Throws a KubeletConfigError that names every problem.
 */
export async function loadKubeletConfiguration({ flags, overrides }: ParsedFlags): Promise<LoadedConfiguration> {
  const warnings: string[] = [];
  let file: ConfigTree | undefined;
  const read = async (path: string): Promise<ConfigTree> => {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw new KubeletConfigError(`failed to load kubelet config file, path: ${path}, error: ${messageOf(error)}`, {
        cause: error,
      });
    });
    const parsed = parseConfigFile(text, path);
    warnings.push(...parsed.warnings);
    return resolvePaths(parsed.tree, dirname(path));
  };
  if (flags.config !== '') file = await read(flags.config);
  if (flags.configDir !== '') {
    for (const path of await dropIns(flags.configDir)) file = mergePatch(file ?? {}, await read(path)) as ConfigTree;
  }
  const configuration = computeConfiguration(file, overrides, flags.seccompDefault);
  const problems = validateKubeletConfiguration(configuration);
  if (problems.length > 0) {
    throw new KubeletConfigError(
      `failed to validate kubelet configuration, error: ${problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`}`,
    );
  }
  return { configuration, warnings };
}

/** Pure part of `loadKubeletConfiguration`: `file` undefined when there is none. */
export function computeConfiguration(
  file: ConfigTree | undefined,
  overrides: ReadonlyMap<string, unknown>,
  seccompDefault = false,
): KubeletConfiguration {
  const given = file === undefined ? legacyDefaults : withoutZeroValues(file);
  let tree = layer(builtInDefaults, given);
  if (file !== undefined) tree = withEviction(tree, file);
  if (given.nodeStatusUpdateFrequency !== undefined && given.nodeStatusReportFrequency === undefined) {
    tree = withField(tree, 'nodeStatusReportFrequency', tree.nodeStatusUpdateFrequency);
  }
  for (const [path, value] of overrides) {
    const merged =
      path === 'featureGates' ? { ...(fieldOf(tree, path) as object | undefined), ...(value as object) } : value;
    tree = withField(tree, path, merged);
  }
  const parallel = Number(tree.maxParallelImagePulls ?? 0);
  if (tree.serializeImagePulls === undefined) tree = withField(tree, 'serializeImagePulls', parallel < 2);
  if (seccompDefault) tree = withField(tree, 'seccompDefault', true);
  tree = durationFields.reduce((result, path) => {
    const value = fieldOf(result, path);
    if (typeof value !== 'string' || value === '') return result;
    try {
      return withField(result, path, formatGoDuration(parseGoDuration(value)));
    } catch {
      return result;
    }
  }, tree);
  return asConfiguration(tree);
}

/** Every field has its default by now, and `validateKubeletConfiguration` looks at the values. */
const asConfiguration = (tree: object): KubeletConfiguration => tree as KubeletConfiguration;

function withEviction(tree: ConfigTree, file: ConfigTree): ConfigTree {
  if (file.evictionHard === undefined || file.evictionHard === null)
    return withField(tree, 'evictionHard', evictionDefaults);
  if (tree.mergeDefaultEvictionSettings === true) {
    return withField(tree, 'evictionHard', { ...evictionDefaults, ...(file.evictionHard as object) });
  }
  return tree;
}
