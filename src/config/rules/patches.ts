import { TomlError } from 'smol-toml';
import { LineCounter, parseAllDocuments } from 'yaml';
import { closestWord } from '../../base/closest-word.ts';
import { messageOf } from '../../base/errors.ts';
import type { ClusterConfig, Json6902Patch } from '../model.ts';
import { isJsonObject } from '../patches/json-value.ts';
import { parseJson6902 } from '../patches/json6902.ts';
import { parseToml } from '../patches/toml.ts';
import type { Problem } from '../problem.ts';

/** The documents of a kubeadm configuration; a patch for any other would never be applied. */
const KUBEADM_KINDS = [
  'ClusterConfiguration',
  'InitConfiguration',
  'JoinConfiguration',
  'ResetConfiguration',
  'UpgradeConfiguration',
  'KubeletConfiguration',
  'KubeProxyConfiguration',
];

/** Every patch is parsed here, so that a malformed one is known before anything is made. */
export function validatePatches(config: ClusterConfig): readonly Problem[] {
  return [
    ...validateKubeadmPatches(config, ''),
    ...config.nodes.flatMap((node, i) => validateKubeadmPatches(node, `nodes[${i}].`)),
    ...config.containerdConfigPatches.flatMap((text, i) => validateToml(text, `containerdConfigPatches[${i}]`)),
    ...config.containerdConfigPatchesJSON6902.flatMap((text, i) =>
      validateJson6902(text, `containerdConfigPatchesJSON6902[${i}]`),
    ),
  ];
}

type KubeadmPatches = Pick<ClusterConfig, 'kubeadmConfigPatches' | 'kubeadmConfigPatchesJSON6902'>;

const validateKubeadmPatches = (patches: KubeadmPatches, prefix: string): readonly Problem[] => [
  ...patches.kubeadmConfigPatches.flatMap((text, i) => validateMergePatch(text, `${prefix}kubeadmConfigPatches[${i}]`)),
  ...patches.kubeadmConfigPatchesJSON6902.flatMap((patch, i) =>
    validateKubeadmJson6902(patch, `${prefix}kubeadmConfigPatchesJSON6902[${i}]`),
  ),
];

function validateMergePatch(text: string, path: string): readonly Problem[] {
  const parsed = parseYaml(text, path);
  if (parsed.kind === 'problem') return [parsed.problem];
  return parsed.documents.flatMap((document) => {
    if (isJsonObject(document)) return validateKind(document.kind, path);
    return [{ path, message: 'is not a patch: write the kind it is for and the fields to change, as YAML' }];
  });
}

function validateKubeadmJson6902(patch: Json6902Patch, path: string): readonly Problem[] {
  return [...validateKind(patch.kind, `${path}.kind`), ...validateJson6902(patch.patch, `${path}.patch`)];
}

function validateKind(kind: unknown, path: string): readonly Problem[] {
  if (typeof kind !== 'string' || kind === '') {
    return [{ path, message: `does not say what it is for: add kind, one of ${KUBEADM_KINDS.join(', ')}` }];
  }
  if (KUBEADM_KINDS.includes(kind)) return [];
  const near = closestWord(kind, KUBEADM_KINDS);
  const remedy = near ? `did you mean ${near}?` : `use one of ${KUBEADM_KINDS.join(', ')}`;
  return [{ path, message: `${JSON.stringify(kind)} is no kubeadm configuration: ${remedy}` }];
}

function validateJson6902(text: string, path: string): readonly Problem[] {
  const parsed = parseYaml(text, path);
  if (parsed.kind === 'problem') return [parsed.problem];
  try {
    parseJson6902(parsed.documents[0]);
    return [];
  } catch (error) {
    return [{ path, message: messageOf(error) }];
  }
}

type ParsedYaml =
  | { readonly kind: 'documents'; readonly documents: readonly unknown[] }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** Every document of the text that is not empty, or one that is null. */
function parseYaml(text: string, path: string): ParsedYaml {
  const lineCounter = new LineCounter();
  const documents = [...parseAllDocuments(text, { lineCounter, prettyErrors: false, merge: true })];
  const [error] = documents.flatMap((document) => document.errors);
  if (error !== undefined) {
    const innerLine = lineCounter.linePos(error.pos[0]).line;
    return { kind: 'problem', problem: { path, innerLine, message: `is not valid YAML: ${error.message}` } };
  }
  try {
    const values: readonly unknown[] = documents.map((document) => document.toJS());
    const present = values.filter((value) => value !== null);
    return { kind: 'documents', documents: present.length === 0 ? [null] : present };
  } catch (error) {
    return { kind: 'problem', problem: { path, message: `is not valid YAML: ${messageOf(error)}` } };
  }
}

function validateToml(text: string, path: string): readonly Problem[] {
  try {
    parseToml(text, 'it');
    return [];
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const reason =
      messageOf(cause ?? error)
        .split('\n')[0]
        ?.replace(/^Invalid TOML document: /, '') ?? '';
    const place = cause instanceof TomlError ? { innerLine: cause.line } : {};
    return [{ path, ...place, message: `is not valid TOML: ${reason}` }];
  }
}
