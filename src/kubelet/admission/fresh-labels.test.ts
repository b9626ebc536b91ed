import { expect, test } from 'vitest';
import type { Node } from '../../api/types.ts';
import { decideWithFreshLabels } from './fresh-labels.ts';
import type { AdmissionVerdict } from './index.ts';

const labelled = (zone: string): Node => ({ metadata: { name: 'n', labels: { zone } } });
const refused = (reason: string): AdmissionVerdict => ({ admitted: false, reason, message: '' });

/** The pod wants zone b; the node was last seen in zone a. */
async function decide(readNode: (() => Promise<Node>) | undefined, reason = 'NodeAffinity') {
  const asked: (string | undefined)[] = [];
  const facts = {
    name: 'n',
    node: () => labelled('a'),
    hostIps: () => [],
    capacity: () => ({}),
    allocatable: () => ({}),
  };
  const verdict = await decideWithFreshLabels(facts, readNode, ({ node }) => {
    const zone = node()?.metadata?.labels?.zone;
    asked.push(zone);
    return zone === 'b' ? { admitted: true } : refused(reason);
  });
  return { admitted: verdict.admitted, asked };
}

test.each<[string, (() => Promise<Node>) | undefined, string, boolean, readonly string[]]>([
  ['the label has changed', async () => labelled('b'), 'NodeAffinity', true, ['a', 'b']],
  ['it has not', async () => labelled('a'), 'NodeAffinity', false, ['a', 'a']],
  ['the node cannot be read', () => Promise.reject(new Error('away')), 'NodeAffinity', false, ['a']],
  ['there is no API server', undefined, 'NodeAffinity', false, ['a']],
  ['labels are not what is wrong', async () => labelled('b'), 'OutOfcpu', false, ['a']],
])('%s', async (_name, readNode, reason, admitted, asked) => {
  expect(await decide(readNode, reason)).toEqual({ admitted, asked });
});
