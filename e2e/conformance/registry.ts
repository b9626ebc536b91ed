import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { systemClock } from '../../src/base/clock.ts';
import { waitUntil } from '../../src/base/wait-until.ts';
import { testImages } from './images.ts';

const keyLabel = 'dev.klab.conformance.images';
const docker = async (...args: readonly string[]): Promise<string> =>
  (await execa('docker', args, { stdin: 'ignore' })).stdout;

/**
 * A registry in a container on the nodes' network, holding the test images under the names that the tests use: the
 * nodes pull as they would from the real one. One that holds the same images already is used as it is.
 */
export async function ensureRegistry(
  options: {
    /** The container, and the host that nodes ask. */
    readonly name: string;
    readonly program: string;
    /** Stands for the images' content. */
    readonly key: string;
    readonly report: (line: string) => void;
  },
  build: () => Promise<ReadonlyMap<string, string>>,
): Promise<void> {
  const { name } = options;
  const running = await docker('ps', '--filter', `label=${keyLabel}=${options.key}`, '--format', '{{.Names}}');
  if (running.split('\n').includes(name)) return options.report('the registry holds the test images already');
  const images = await build();
  await removeRegistry(name);
  await buildRegistryImage(options.program);
  await docker(
    ...['run', '--detach', '--name', name, '--network', 'klab', '--publish', '127.0.0.1:0:5000'],
    ...['--label', `${keyLabel}=${options.key}`, 'klab/conformance:registry'],
  );
  const address = (await docker('port', name, '5000/tcp')).split('\n')[0] ?? '';
  await waitUntil(
    async () => {
      const answer = await fetch(`http://${address}/v2/`).catch((error: unknown) => String(error));
      return typeof answer !== 'string' && answer.ok ? true : `no answer yet: ${String(answer)}`;
    },
    { clock: systemClock, everyMs: 100, timeoutMs: 30_000 },
  );
  for (const [reference, stage] of Object.entries(testImages)) {
    const source = images.get(stage);
    if (source === undefined) throw new Error(`the stage ${stage} was not built`);
    options.report(`push: ${reference}`);
    await docker('tag', source, `${address}/${reference}`);
    await docker('push', '--quiet', `${address}/${reference}`);
    await docker('rmi', `${address}/${reference}`);
  }
}

export async function removeRegistry(name: string): Promise<void> {
  const existing = await docker('ps', '--all', '--filter', `name=^${name}$`, '--format', '{{.Names}}');
  if (existing !== '') await docker('rm', '--force', '--volumes', name);
}

async function buildRegistryImage(program: string): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), 'klab-registry-'));
  try {
    await execa('cp', [program, join(context, 'registry')]);
    await writeFile(join(context, 'config.yml'), registryConfig);
    await writeFile(
      join(context, 'Dockerfile'),
      ['FROM scratch', 'COPY registry config.yml /', 'ENTRYPOINT ["/registry", "serve", "/config.yml"]', ''].join('\n'),
    );
    await execa('docker', ['build', '--quiet', '--tag', 'klab/conformance:registry', context], {
      env: { DOCKER_BUILDKIT: '0' },
      stdin: 'ignore',
    });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

const registryConfig = `version: 0.1
storage: { filesystem: { rootdirectory: /data } }
http: { addr: ':5000' }
log: { level: warn }
`;

/** Lets a node's containerd ask this registry whenever registry.k8s.io is meant. */
export async function pointNodeAtRegistry(node: string, name: string): Promise<void> {
  const hosts = `server = "http://${name}:5000"\n\n[host."http://${name}:5000"]\n  capabilities = ["pull", "resolve"]\n`;
  const file = '/etc/containerd/certs.d/registry.k8s.io/hosts.toml';
  await execa(
    'docker',
    ['exec', '--interactive', node, 'sh', '-c', `mkdir -p ${file.replace(/\/[^/]*$/, '')} && cat > ${file}`],
    {
      input: hosts,
    },
  );
}
