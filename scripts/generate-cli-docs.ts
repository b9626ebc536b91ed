// Writes docs/cli.md from the commands' tables.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from '../src/cli/commands/all.ts';
import { renderCliDocs } from '../src/cli/docs.ts';

writeFileSync(join(import.meta.dirname, '../docs/cli.md'), renderCliDocs(program));
