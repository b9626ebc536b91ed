import { parse, stringify } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import { messageOf } from '../../base/errors.ts';
import { tomlMalformed } from './errors.ts';
import { applyJson6902 } from './json6902.ts';
import { mergePatch } from './merge.ts';

/** Parses TOML; `what` names it in the error (TOML_MALFORMED). */
export function parseToml(text: string, what: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text);
  } catch (error) {
    throw tomlMalformed(`${what} is not valid TOML: ${messageOf(error).trim()}`, error);
  }
}

/**
 * Applies containerd patches to its configuration, as kind does: TOML merge patches first, then JSON6902 patches
 * (texts, YAML or JSON). A merge patch that states another `version` than the configuration is left out,
 * so that one cluster file can serve several containerd versions. Returns TOML text.
 */
export function patchContainerdConfig(
  config: string,
  mergePatches: readonly string[],
  json6902Patches: readonly string[],
): string {
  if (mergePatches.length === 0 && json6902Patches.length === 0) return config;
  let patched: unknown = parseToml(config, "containerd's configuration");
  const version = versionOf(patched);
  for (const [i, text] of mergePatches.entries()) {
    const patch = parseToml(text, `containerdConfigPatches[${i}]`);
    const forVersion = versionOf(patch);
    if (forVersion === undefined || forVersion === version) patched = mergePatch(patched, patch);
  }
  for (const text of json6902Patches) patched = applyJson6902(patched, parseYaml(text));
  return `${stringify(patched)}\n`;
}

const versionOf = (config: unknown): unknown =>
  typeof config === 'object' && config !== null && 'version' in config ? config.version : undefined;
