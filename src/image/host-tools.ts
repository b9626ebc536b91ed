import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { tryCommand } from '../base/exec.ts';
import { toolMissing } from './errors.ts';

/** A program that a part runs on this machine, and the Debian packages that bring it. */
export interface HostTool {
  readonly program: string;
  readonly packages: readonly string[];
}

/** Makes sure that the program is there: as root on Debian it is installed, elsewhere the error says what to install. */
export async function ensureHostTool({ program, packages }: HostTool, report: (text: string) => void): Promise<void> {
  if (!(await onPath(program))) await install(program, packages, report);
}

async function install(what: string, packages: readonly string[], report: (text: string) => void): Promise<void> {
  const command = `apt-get install ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !(await onPath('apt-get'))) throw toolMissing(what, `install it: ${command}`);
  report(`installing ${packages.join(', ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await tryCommand('apt-get', ['update', '-qq'], { env });
  const { exitCode, stderr } = await tryCommand('apt-get', ['install', '-y', '-qq', ...packages], { env });
  if (exitCode !== 0) throw toolMissing(what, `${command} failed: ${stderr.trim().split('\n').at(-1) ?? ''}`);
}

/** As `ensureHostTool`, for a library that programs are compiled with, by its pkg-config name. */
export async function ensureLibrary(name: string, packages: readonly string[], report: (text: string) => void) {
  await ensureHostTool({ program: 'pkg-config', packages }, report);
  const { exitCode } = await tryCommand('pkg-config', ['--exists', name]);
  if (exitCode === 0) return;
  await install(name, packages, report);
}

async function onPath(program: string): Promise<boolean> {
  // Root's tools lie in sbin, which is not in everybody's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
