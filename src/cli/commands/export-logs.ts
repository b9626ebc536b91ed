import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { defineCommand } from '../command.ts';
import { clusterNameFlag } from '../flags.ts';

export const exportLogs = defineCommand<{ readonly name: string }>({
  path: 'export logs',
  summary: 'Save the logs of every node in a folder',
  description: 'Save the logs of every node in a folder, a new one when none is named, and print its path.',
  examples: [
    { command: 'klab export logs', help: 'into a new folder, whose path is printed' },
    { command: 'klab export logs --name lab ./logs', help: 'into this folder' },
  ],
  argument: { name: '[FOLDER]', help: 'where to put them', min: 0, max: 1, completes: 'folder' },
  flags: { name: clusterNameFlag },
  run: async ({ useCases, run, io, cwd }, { name }, [folder]) => {
    const into = folder === undefined ? await mkdtemp(join(tmpdir(), 'klab-logs-')) : resolve(cwd, folder);
    io.stdout.write(`${await useCases.exportLogs(name, into, run)}\n`);
    return undefined;
  },
});
