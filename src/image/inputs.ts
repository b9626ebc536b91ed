import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { tryCommand } from '../base/exec.ts';
import { containedImages } from './contained-images.ts';
import { stageDockerfile } from './dockerfile.ts';
import { toolMissing } from './errors.ts';
import type { Inputs } from './plan.ts';

/** The folders of src that the bundled programs are made from. */
export const bundledFolders = ['api', 'base', 'cri', 'crictl', 'journal', 'kubelet', 'network'];

/** Digests of what the named inputs are now: files of the checkout at `source`, versions of the toolchain. */
export async function readInputs(names: readonly string[], source: string): Promise<Inputs> {
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readInput(name, source)] as const)),
  );
}

async function readInput(name: string, source: string): Promise<string> {
  const recipe = join(source, 'images/node');
  if (name === 'architecture') return process.arch;
  if (name === 'nodejs') return process.version;
  if (name === 'go') return goVersion();
  if (name === 'package-lock.json') return fileDigest(join(source, name));
  if (name === 'contained-images') return digestOf(JSON.stringify(containedImages(namesOnly)));
  if (name === 'bundles') return digestOfTree(bundledFolders.map((folder) => join(source, 'src', folder)));
  if (name.startsWith('stage:')) {
    const dockerfile = await readFile(join(recipe, 'Dockerfile'), 'utf8');
    return digestOf(stageDockerfile(dockerfile, name.slice('stage:'.length), 'base'));
  }
  const path = name.startsWith('src/') ? join(source, name) : join(recipe, name);
  return (await stat(path)).isDirectory() ? digestOfTree([path]) : fileDigest(path);
}

/** The images' make-up without this machine's paths. */
const namesOnly = {
  program: (part: string, name: string) => `${part}/${name}`,
  busyboxTar: 'busybox.tar',
  networkToolsTar: 'network-tools.tar',
  pause: 'catatonit',
};

async function goVersion(): Promise<string> {
  const install = 'install Go from https://go.dev/dl';
  const { exitCode, stdout } = await tryCommand('go', ['env', 'GOVERSION']).catch((cause: unknown) => {
    throw toolMissing('go', install, cause);
  });
  if (exitCode !== 0) throw toolMissing('go', install);
  return stdout.trim();
}

const digestOf = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

const fileDigest = async (path: string): Promise<string> => digestOf(await readFile(path));

/** Paths, permissions and contents of all files below some folders; tests are nobody's input, folders may be missing. */
async function digestOfTree(folders: readonly string[]): Promise<string> {
  const digests = await Promise.all(
    folders.map(async (folder) => {
      const files = await filesBelow(folder);
      return Promise.all(
        files.map(async (file) => {
          const { mode } = await stat(join(folder, file));
          return `${file} ${mode} ${await fileDigest(join(folder, file))}`;
        }),
      );
    }),
  );
  return digestOf(JSON.stringify(digests));
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
