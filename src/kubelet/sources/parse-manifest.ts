import { parseAllDocuments, type ScalarTag } from 'yaml';
import { UndecodableManifest } from './manifest-error.ts';

export const maxManifestBytes = 10 * 1024 * 1024;
export const limitReached = 'the read limit is reached';

/** File modes are written `0644`, which YAML 1.2 would take for six hundred and forty-four. */
const octal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
};

/** Words for true and false that YAML 1.2 takes for text: `hostNetwork: yes`. */
const boolean = (value: boolean, test: RegExp): ScalarTag => ({
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test,
  resolve: () => value,
});
const booleans = [boolean(true, /^(?:y|Y|yes|Yes|YES|on|On|ON)$/), boolean(false, /^(?:n|N|no|No|NO|off|Off|OFF)$/)];

/**
 * Reads one manifest, YAML or JSON, as upstream's library does: it knows YAML 1.1, takes the last of a key that stands
 * there twice and the first of several documents. Throws UndecodableManifest.
 */
export function parseManifest(text: string): unknown {
  const [document] = parseAllDocuments(text, {
    customTags: (tags) => [octal, ...booleans, ...tags],
    merge: true,
    uniqueKeys: false,
  });
  if (document === undefined) return null;
  const [problem] = document.errors;
  // The library's message goes on with a drawing of the place; an Event and a line of the log have one line.
  if (problem !== undefined) throw new UndecodableManifest((problem.message.split('\n')[0] ?? '').replace(/:$/, ''));
  return document.toJS();
}
