import { arch, platform } from 'node:process';
import { defineCommand } from '../command.ts';
import { type OutputFormat, outputFlag } from '../flags.ts';
import { version as klabVersion } from '../version.ts';

export const version = defineCommand<{ readonly output: OutputFormat }>({
  path: 'version',
  summary: "Print klab's version",
  examples: [
    { command: 'klab version', help: 'with the Node.js it runs on' },
    { command: 'klab version -q', help: 'the number alone' },
  ],
  flags: { output: outputFlag },
  run: async ({ io, quiet }, { output }) => {
    const details = { version: klabVersion, node: process.version, platform: `${platform}/${arch}` };
    if (output === 'json') io.stdout.write(`${JSON.stringify(details, undefined, 2)}\n`);
    else if (quiet) io.stdout.write(`${klabVersion}\n`);
    else io.stdout.write(`klab v${klabVersion} node ${process.version} ${details.platform}\n`);
    return undefined;
  },
});
