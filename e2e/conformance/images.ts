import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { folder } from './paths.ts';

/** The tests' image names → the stage of images/Dockerfile that stands in for it. */
export const testImages: Readonly<Record<string, string>> = {
  'e2e-test-images/agnhost:2.55': 'agnhost',
  'e2e-test-images/agnhost:2.66.1': 'agnhost',
  'e2e-test-images/busybox:1.36.1-1': 'busybox',
  'e2e-test-images/busybox:1.37.0-2': 'busybox',
  'e2e-test-images/glibc-dns-testing:2.1.1': 'tools',
  'e2e-test-images/ipc-utils:1.4': 'tools',
  'e2e-test-images/kitten:1.8': 'kitten',
  'e2e-test-images/nautilus:1.8': 'nautilus',
  'e2e-test-images/nginx:1.27.0-2': 'nginx',
  'e2e-test-images/nginx:1.28.0-2': 'nginx-new',
  'e2e-test-images/nonewprivs:1.4': 'nonewprivs',
  'e2e-test-images/nonroot:1.5': 'nonroot',
  'e2e-test-images/perl:5.26': 'tools',
  'e2e-test-images/resource-consumer:1.14': 'resource-consumer',
  'e2e-test-images/sample-device-plugin:1.7': 'sample-device-plugin',
  'e2e-test-images/sample-device-plugin:1.8.0': 'sample-device-plugin',
  'sig-storage/hostpathplugin:v1.17.1': 'hostpathplugin',
};

/** Those that nearly every test uses: pulled on all nodes before the tests begin, so that no test waits for them. */
export const commonImages: readonly string[] = [
  'registry.k8s.io/e2e-test-images/agnhost:2.66.1',
  'registry.k8s.io/e2e-test-images/busybox:1.37.0-2',
  'registry.k8s.io/e2e-test-images/nginx:1.27.0-2',
];

/** Files of images/ that the images are made from. */
const recipe = ['Dockerfile', 'fake-registry.sh', 'hostpathplugin.pl'];
const programs = ['agnhost', 'nonewprivs', 'resource-consumer', 'consume-cpu', 'sample-device-plugin'];

export interface ImageSources {
  /** The image that is the base: Debian with apt. */
  readonly base: string;
  /** The folder with the tests' programs. */
  readonly programs: string;
  /** The folder of upstream's module, for files that go into images. */
  readonly kubernetes: string;
  readonly report: (line: string) => void;
}

/** Builds every stage that is used. Answers stage → Docker image. Unchanged stages come from Docker's own cache. */
export async function buildTestImages(from: ImageSources): Promise<ReadonlyMap<string, string>> {
  const context = await mkdtemp(join(tmpdir(), 'klab-conformance-'));
  const images = join(from.kubernetes, 'test/images');
  try {
    for (const name of recipe) await copyFile(join(folder, 'images', name), join(context, name));
    for (const name of programs) await copyFile(join(from.programs, name), join(context, name));
    for (const name of ['localhost.crt', 'localhost.key'])
      await copyFile(join(images, 'agnhost/porter', name), join(context, name));
    for (const name of ['kitten.jpg', 'data.json'])
      await copyFile(join(images, 'kitten/html', name), join(context, name));
    const built = new Map<string, string>();
    for (const stage of new Set(Object.values(testImages))) {
      const tag = `klab/conformance:${stage}`;
      from.report(`docker build: ${stage}`);
      await execa(
        'docker',
        ['build', '--quiet', '--build-arg', `BASE=${from.base}`, '--target', stage, '--tag', tag, context],
        { env: { DOCKER_BUILDKIT: '0' }, stdin: 'ignore' },
      );
      built.set(stage, tag);
    }
    return built;
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** What the images are made from, as a short hash: it names the registry's content. */
export async function imagesKey(base: string, programsKey: string): Promise<string> {
  const hash = createHash('sha256').update(base).update(programsKey).update(JSON.stringify(testImages));
  for (const name of recipe) hash.update(await readFile(join(folder, 'images', name)));
  return hash.digest('hex').slice(0, 16);
}
