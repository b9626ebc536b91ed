import type { Command } from 'commander';
import { StatusResponse } from '../../cri/generated/api.ts';
import type { CrictlContext } from '../context.ts';
import { type Format, protoJson, render } from '../output.ts';
import { parseInfo } from './containers.ts';

type WithContext = (run: (context: CrictlContext) => Promise<void>) => Promise<void>;

export function addRuntimeCommands(program: Command, withContext: WithContext): void {
  program
    .command('version')
    .description('Display runtime version information')
    .action(() =>
      withContext(async ({ cri, out }) => {
        const version = await cri.version();
        out(`Version:  ${version.version}\n`);
        out(`RuntimeName:  ${version.runtimeName}\n`);
        out(`RuntimeVersion:  ${version.runtimeVersion}\n`);
        out(`RuntimeApiVersion:  ${version.runtimeApiVersion}\n`);
      }),
    );
  program
    .command('info')
    .description('Display information of the container runtime')
    .option('-o, --output <format>', 'Output format, one of: json|yaml', 'json')
    .option('-q, --quiet', 'Do not show verbose information', false)
    .action(({ output, quiet }: { output: Format; quiet: boolean }) =>
      withContext(async ({ cri, out }) => {
        const { info, ...rest } = await cri.status(!quiet);
        const named = StatusResponse.toJSON({ ...rest, info: {} });
        const details = parseInfo(info);
        const all = { ...(protoJson(rest, named) as object), ...(typeof details === 'object' ? details : {}) };
        out(render(output === 'yaml' ? 'yaml' : 'json', all));
      }),
    );
}
