/** Which tests run: regular expressions over their names. */
export interface Selection {
  readonly focus: string;
  readonly skip?: string;
}

const sigNode = '\\[sig-node\\].*\\[Conformance\\]';

/** One test of claimed devices for each thing that can go wrong with them. */
const claims =
  '\\[DRA\\] kubelet .*(must map configs and devices|must unprepare resources for force|runs pod after driver starts|supports external claim referenced by multiple pods)';

/** Short names for the sets of tests that people ask for; anything else is a regular expression of its own. */
const sets: Readonly<Record<string, Selection>> = {
  'sig-node': { focus: sigNode },
  NodeConformance: { focus: '\\[NodeConformance\\]' },
  node: { focus: `${sigNode}|\\[NodeConformance\\]` },
  // Devices that pods claim. Those behind features that are off by default have no API here.
  DRA: {
    focus: '\\[DRA\\] (kubelet|\\[FeatureGate:DRAExtendedResource\\])',
    skip: 'OffByDefault|GenericWorkload|with v1beta',
  },
  Conformance: { focus: '\\[Conformance\\]' },
  // For every change: without those that wait for minutes to see that nothing happens, or want the cluster for themselves.
  quick: {
    focus: `${sigNode}|\\[Conformance\\] .*\\[NodeConformance\\]|\\[NodeConformance\\] .*\\[Conformance\\]|${claims}`,
    skip: '\\[Serial\\]|\\[Slow\\]|should \\*not\\* be restarted|monotonically increasing|issue 500 podspec updates',
  },
};

/** The tests that `focus` names, or a pattern selects. Throws a SyntaxError when it is none. */
export function selectTests(focus: string): Selection {
  const selection = sets[focus] ?? { focus };
  new RegExp(selection.focus);
  return selection;
}
