import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ContainedImage, containedImages, type LayerPlan, versions } from '../contained-images.ts';
import { partFailed } from '../errors.ts';
import { renderLayout, streamArchive } from '../oci/archive.ts';
import { type LayerFile, writeLayer } from '../oci/layer.ts';
import { type PartExecutor, withContainer } from './executor.ts';

/** Imports the contained images into the containerd of a throw-away node and keeps what it stored. */
export const makeImages: PartExecutor<'images'> = async (part, context) => {
  const { engine, folderOf, imageOf, report, source, signal } = context;
  const work = await mkdtemp(join(tmpdir(), 'klab-images-'));
  try {
    report('making layers');
    const layout = await layoutOf(containedImages(programsIn(folderOf)), work);
    const script = await readFile(join(source, 'images/node/store-images.sh'), 'utf8');
    // Layers are unpacked on a real file system: Docker's own, an overlay, cannot carry another.
    const mounts = [
      { type: 'volume', target: '/var' },
      { type: 'tmpfs', target: '/run' },
      { type: 'tmpfs', target: '/tmp' },
    ] as const;
    await withContainer(context, { image: imageOf('binaries'), kind: 'machine', mounts }, async (container) => {
      report('importing into containerd');
      const pause = `registry.k8s.io/pause:${versions.pause}`;
      const result = await engine.exec(container, ['bash', '-c', script, 'store-images.sh', pause], {
        input: streamArchive(layout),
        signal,
      });
      if (result.exitCode !== 0) throw partFailed(part.name, 'store-images.sh failed', result.stderr);
      report('storing');
      await engine.commit(container, imageOf(part.name), ['CMD ["/sbin/init"]']);
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
};

const programsIn = (folderOf: (part: string) => string) => ({
  program: (part: string, name: string) => join(folderOf(part), name),
  busyboxTar: join(folderOf('tools'), 'busybox.tar'),
  networkToolsTar: join(folderOf('tools'), 'network-tools.tar'),
  pause: join(folderOf('tools'), 'catatonit'),
});

async function layoutOf(images: readonly ContainedImage[], work: string) {
  const made = new Map<string, LayerFile>();
  const complete = [];
  for (const image of images) {
    const layers: LayerFile[] = [];
    for (const layer of image.layers) {
      const file = made.get(layer.name) ?? (await makeLayer(layer, work));
      made.set(layer.name, file);
      layers.push(file);
    }
    complete.push({ name: image.name, config: image.config, layers });
  }
  return renderLayout(complete, architecture());
}

const makeLayer = (layer: LayerPlan, work: string): Promise<LayerFile> =>
  layer.kind === 'entries' ? writeLayer(layer.entries, join(work, `${layer.name}.tar`)) : describeLayer(layer.file);

async function describeLayer(file: string): Promise<LayerFile> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { file, digest: `sha256:${hash.digest('hex')}`, size: (await stat(file)).size };
}

/** This machine's architecture, as images name it. */
const architecture = (): string => (process.arch === 'x64' ? 'amd64' : process.arch);
