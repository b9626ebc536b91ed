import { stringify } from 'yaml';

/** YAML as Kubernetes' own programs write it: keys in order of the alphabet, lists not indented, lines not folded. */
export const toYaml = (value: unknown): string =>
  stringify(value, { sortMapEntries: true, indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false });
