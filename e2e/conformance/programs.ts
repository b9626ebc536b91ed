import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { cacheFolder, imageVersions } from '../../src/image/index.ts';
import { folder } from './paths.ts';

/** Programs built from one of the modules below modules/. */
export interface Programs {
  readonly folder: string;
  /** Changes exactly when they have to be built again. */
  readonly key: string;
}

const [major = '', minor = ''] = imageVersions.kubernetes.replace(/^v/, '').split('.');
const linkerFlags = [
  '-s',
  '-w',
  ...['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((variables) => [
    `-X ${variables}.gitVersion=${imageVersions.kubernetes}`,
    `-X ${variables}.gitMajor=${major}`,
    `-X ${variables}.gitMinor=${minor}`,
  ]),
].join(' ');
const flags = ['-trimpath', '-mod=readonly', '-ldflags', linkerFlags];
const kubernetes = 'k8s.io/kubernetes/test';

/** `go` command lines that fill the folder `out`. */
const recipes = {
  suite: (out: string) => [
    ['test', '-c', '-vet=off', ...flags, '-o', join(out, 'e2e.test'), `${kubernetes}/e2e`],
    [
      'build',
      ...flags,
      '-o',
      `${out}/`,
      'github.com/onsi/ginkgo/v2/ginkgo',
      `${kubernetes}/images/agnhost`,
      `${kubernetes}/images/nonewprivs`,
      `${kubernetes}/images/resource-consumer`,
      `${kubernetes}/images/resource-consumer/consume-cpu`,
      `${kubernetes}/images/sample-device-plugin`,
    ],
  ],
  registry: (out: string) => [
    ['build', ...flags, '-o', `${out}/`, 'github.com/distribution/distribution/v3/cmd/registry'],
  ],
} as const;

/** Builds the programs of a module, or finds them in the cache. Throws when `go` fails, with what it printed. */
export async function buildPrograms(name: keyof typeof recipes, report: (line: string) => void): Promise<Programs> {
  const cwd = join(folder, 'modules', name);
  const hash = createHash('sha256').update(JSON.stringify(recipes[name]('')));
  for (const file of ['go.mod', 'go.sum', 'tools.go']) hash.update(await readFile(join(cwd, file)));
  const key = hash.digest('hex').slice(0, 16);
  const parent = join(cacheFolder(process.env), 'conformance');
  const result = join(parent, `${name}-${key}`);
  if (
    await access(result).then(
      () => true,
      () => false,
    )
  ) {
    report(`${name}: cached`);
    return { folder: result, key };
  }
  await mkdir(parent, { recursive: true });
  const temporary = await mkdtemp(`${result}.`);
  try {
    for (const args of recipes[name](temporary)) {
      report(`go ${args[0]} ${args.at(-1)}`);
      await execa('go', args, { cwd, env: { CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' }, stdin: 'ignore' });
    }
    await rename(temporary, result);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return { folder: result, key };
}

/** The folder that upstream's module lies in, downloaded when it is not there. */
export async function kubernetesModule(): Promise<string> {
  const { stdout } = await execa('go', ['mod', 'download', '-json', `k8s.io/kubernetes@${imageVersions.kubernetes}`], {
    cwd: join(folder, 'modules/suite'),
    env: { GOFLAGS: '', GOWORK: 'off' },
    stdin: 'ignore',
  });
  const answer: unknown = JSON.parse(stdout);
  if (typeof answer === 'object' && answer !== null && 'Dir' in answer && typeof answer.Dir === 'string')
    return answer.Dir;
  throw new Error(`go mod download named no folder for k8s.io/kubernetes:\n${stdout}`);
}
