import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryCommand } from '../../base/exec.ts';
import { needsRoot, partFailed } from '../errors.ts';
import { ensureHostTool } from '../host-tools.ts';
import type { PartExecutor } from './executor.ts';

/** Packages are fetched one by one, and a mirror may refuse one: what was fetched is fetched again, so try again. */
const attempts = 3;

/** Nobody reads manuals on a node. */
const withoutDocs = ['doc', 'man', 'info', 'locale'];

export const makeDebian: PartExecutor<'debian'> = async (part, { engine, imageOf, report, signal }) => {
  await ensureHostTool({ program: 'debootstrap', packages: ['debootstrap'] }, report);
  if (process.getuid?.() !== 0) throw needsRoot('debootstrap');
  const work = await mkdtemp(join(tmpdir(), 'klab-debian-'));
  const root = join(work, 'root');
  try {
    await bootstrap(part.recipe.suite, root, report, signal);
    await slimDown(root);
    report('importing the root file system');
    await engine.importImage(tarOf(root), imageOf(part.name));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

async function bootstrap(
  suite: string,
  root: string,
  report: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let output = '';
  for (let attempt = 1; attempt <= attempts; attempt++) {
    report(attempt === 1 ? `debootstrap ${suite}` : `debootstrap ${suite}, attempt ${attempt} of ${attempts}`);
    await rm(root, { recursive: true, force: true });
    const args = ['--variant=minbase', '--include=ca-certificates', suite, root];
    const env = { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
    const result = await tryCommand('debootstrap', args, { env, signal });
    if (result.exitCode === 0) return;
    output = `${result.stdout}${result.stderr}`;
  }
  throw partFailed('debian', `debootstrap failed ${attempts} times`, output);
}

async function slimDown(root: string): Promise<void> {
  const folders = withoutDocs.map((name) => `usr/share/${name}`);
  for (const folder of [...folders, 'var/cache/apt', 'var/lib/apt/lists', 'var/log']) {
    await rm(join(root, folder), { recursive: true, force: true });
    await mkdir(join(root, folder), { recursive: true });
  }
  await mkdir(join(root, 'etc/dpkg/dpkg.cfg.d'), { recursive: true });
  await writeFile(
    join(root, 'etc/dpkg/dpkg.cfg.d/without-docs'),
    folders.map((folder) => `path-exclude=/${folder}/*\n`).join(''),
  );
}

/** The root as a tar, with owners, device nodes and permissions as they are; tar's failure ends the stream with an error. */
function tarOf(root: string) {
  const tar = spawn('tar', ['--numeric-owner', '-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  tar.on('error', (error) => tar.stdout.destroy(error));
  tar.on('exit', (code) => {
    if (code !== 0) tar.stdout.destroy(new Error(`tar exited with ${code}`));
  });
  return tar.stdout;
}
