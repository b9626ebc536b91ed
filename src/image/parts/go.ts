import { join } from 'node:path';
import { tryCommand } from '../../base/exec.ts';
import { partFailed } from '../errors.ts';
import { goBuildArgs, goBuilds } from '../go-parts.ts';
import { ensureHostTool, ensureLibrary } from '../host-tools.ts';
import type { PartExecutor } from './executor.ts';

/** Told once for so many packages: Kubernetes has some two thousand. */
const reportEvery = 100;

export const makeGoPart: PartExecutor<'go'> = async (part, { source, report, signal }, folder) => {
  const { build } = part.recipe;
  if (build.cgo) await ensureCompiler(report);
  const cwd = join(source, 'images/node/parts', build.module);
  const env = { CGO_ENABLED: build.cgo ? '1' : '0', GOOS: 'linux', GOFLAGS: '', GOWORK: 'off' };
  for (const { packages, output } of goBuilds(build, folder)) {
    report(`go build ${packages.join(' ')}`);
    let compiled = 0;
    const result = await tryCommand('go', goBuildArgs(build, packages, output), {
      cwd,
      env,
      onLine: () => {
        compiled += 1;
        if (compiled % reportEvery === 0) report(`${compiled} packages compiled`);
      },
      signal,
    });
    signal.throwIfAborted();
    if (result.exitCode !== 0) throw partFailed(part.name, 'go build failed', `${result.stdout}${result.stderr}`);
  }
};

async function ensureCompiler(report: (text: string) => void): Promise<void> {
  const packages = ['gcc', 'libc6-dev', 'pkg-config', 'libseccomp-dev'];
  await ensureHostTool({ program: 'gcc', packages }, report);
  await ensureLibrary('libseccomp', packages, report);
}
