import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { program } from '../src/cli/commands/all.ts';
import { renderCliDocs } from '../src/cli/docs.ts';

test('docs/cli.md is fresh: else run `node scripts/generate-cli-docs.ts`', () => {
  expect(readFileSync(join(import.meta.dirname, '../docs/cli.md'), 'utf8')).toBe(renderCliDocs(program));
});
