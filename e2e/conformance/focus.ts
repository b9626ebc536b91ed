/** Short names for the sets of tests that people ask for; anything else is a regular expression of its own. */
const sets: Readonly<Record<string, string>> = {
  'sig-node': '\\[sig-node\\].*\\[Conformance\\]',
  NodeConformance: '\\[NodeConformance\\]',
  node: '\\[sig-node\\].*\\[Conformance\\]|\\[NodeConformance\\]',
  Conformance: '\\[Conformance\\]',
};

/** The regular expression that selects the tests which `focus` names. Throws when it is none. */
export function focusPattern(focus: string): string {
  const pattern = sets[focus] ?? focus;
  new RegExp(pattern);
  return pattern;
}
