import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { stageDockerfile } from './dockerfile.ts';

const dockerfile = `# a comment
FROM debian AS packages
RUN one \\
 && two

FROM packages AS binaries
COPY a/ /
`;

test.each([
  ['a stage ends where the next one starts', 'packages', 'FROM base:1\nRUN one \\\n && two\n'],
  ['the last stage ends with the file', 'binaries', 'FROM base:1\nCOPY a/ /\n'],
])('%s', (_name, stage, want) => {
  expect(stageDockerfile(dockerfile, stage, 'base:1')).toBe(want);
});

test('a stage that is not there is named', () => {
  expect(() => stageDockerfile(dockerfile, 'node', 'base')).toThrow('no stage "node"');
});

test.each(['packages', 'binaries', 'node'])("the node image's Dockerfile has the stage %s", async (stage) => {
  const text = await readFile(new URL('../../images/node/Dockerfile', import.meta.url), 'utf8');
  expect(stageDockerfile(text, stage, 'base')).toMatch(/^FROM base\n\S/);
});
