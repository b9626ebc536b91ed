import { Command, CommanderError } from 'commander';
import { KlabError, messageOf } from '../base/errors.ts';
import { CriError } from '../cri/port.ts';
import { addContainerCommands } from './commands/containers.ts';
import { addExecCommands } from './commands/exec.ts';
import { addImageCommands } from './commands/images.ts';
import { addLogsCommand } from './commands/logs.ts';
import { addPodCommands } from './commands/pods.ts';
import { addRuntimeCommands } from './commands/runtime.ts';
import { type CrictlContext, type GlobalOptions, openContext } from './context.ts';

const program = new Command('crictl')
  .description('client for CRI')
  .enablePositionalOptions()
  .option('-r, --runtime-endpoint <endpoint>', 'Endpoint of CRI container runtime service')
  .option('-i, --image-endpoint <endpoint>', 'Endpoint of CRI image manager service')
  .option('-t, --timeout <duration>', 'Timeout of connecting to the server')
  .option('-c, --config <file>', 'Location of the client config file', '/etc/crictl.yaml')
  .exitOverride();

async function withContext(run: (context: CrictlContext) => Promise<void>): Promise<void> {
  const context = openContext(program.opts<GlobalOptions>());
  try {
    await run(context);
  } finally {
    context.cri.close();
  }
}

addContainerCommands(program, withContext);
addPodCommands(program, withContext);
addImageCommands(program, withContext);
addRuntimeCommands(program, withContext);
addExecCommands(program, withContext);
addLogsCommand(program, withContext);

// Not awaited: the bundle is CommonJS, which knows no await at the top.
program.parseAsync(process.argv).catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode;
  } else {
    const runtime = error instanceof CriError ? `rpc error: code = ${error.grpcCode} desc = ` : '';
    process.stderr.write(`E ${runtime}${messageOf(error)}\n`);
    if (error instanceof KlabError && error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`);
    process.exitCode = 1;
  }
});
