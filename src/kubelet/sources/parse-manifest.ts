import { parseDocument, type ScalarTag } from 'yaml';
import { ManifestError } from './static-pod.ts';

/** File modes are written `0644`, which YAML 1.2 would take for six hundred and forty-four. */
const octal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
};

/** Reads one manifest, YAML or JSON. Throws ManifestError. */
export function parseManifest(text: string): unknown {
  const document = parseDocument(text, { customTags: (tags) => [octal, ...tags] });
  const [problem] = document.errors;
  // The library's message goes on with a drawing of the place; an Event and a line of the log have one line.
  if (problem !== undefined) throw new ManifestError((problem.message.split('\n')[0] ?? '').replace(/:$/, ''));
  return document.toJS();
}
