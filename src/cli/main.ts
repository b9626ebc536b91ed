import { enableCompileCache } from 'node:module';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { cacheFolder } from '../image/cache.ts';

/** The `klab` program: the one place that exits. */
const EXIT_INTERRUPTED = 130;

const stop = new AbortController();
const onSignal = () => {
  // The second time someone asks, they mean now.
  if (stop.signal.aborted) process.exit(EXIT_INTERRUPTED);
  stop.abort();
};
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
// Whoever reads us may leave early (`klab get nodes | head -1`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const home = process.env.HOME || userInfo().homedir;
// Halves the time to the first answer. What is imported before this line is compiled anew each time, hence so little.
enableCompileCache(join(cacheFolder(process.env, home), 'compiled'));
const [{ compose }, { runCli }] = await Promise.all([import('./compose.ts'), import('./run-cli.ts')]);

const exitCode = await runCli(process.argv.slice(2), {
  useCases: compose(process.env),
  io: {
    readStdin: () => text(process.stdin),
    stdinIsTty: process.stdin.isTTY === true,
    stdout: process.stdout,
    stderr: process.stderr,
  },
  env: process.env,
  cwd: process.cwd(),
  home,
  signal: stop.signal,
});
await new Promise((resolve) => process.stdout.write('', resolve));
process.exit(exitCode);
