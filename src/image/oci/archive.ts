import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack as newPack, type Pack } from 'tar-stream';
import type { LayerFile } from './layer.ts';

/** An image whose layers are made already. */
export interface OciImage {
  /** Full name with tag, like registry.k8s.io/pause:3.10.2. */
  readonly name: string;
  readonly layers: readonly LayerFile[];
  readonly config: OciConfig;
}

export interface OciConfig {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
}

interface Blob {
  readonly digest: string;
  readonly text: string;
}

/** The small files of an OCI image layout: everything but the layers. */
export interface OciLayout {
  readonly index: string;
  readonly blobs: readonly Blob[];
  readonly layers: readonly LayerFile[];
}

/** A fixed time, so that an image's digest tells its content only. */
const created = '2026-01-01T00:00:00Z';

/** Images → OCI image layout (index, manifests, configs and the layers they share, each once). */
export function renderLayout(images: readonly OciImage[], architecture: string): OciLayout {
  const blobs = new Map<string, Blob>();
  const layers = new Map<string, LayerFile>();
  const manifests = images.map((image) => {
    const config = blobOf(renderConfig(image, architecture));
    const manifest = blobOf({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: image.layers.map(({ digest, size }) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        digest,
        size,
      })),
    });
    for (const blob of [config, manifest]) blobs.set(blob.digest, blob);
    for (const layer of image.layers) layers.set(layer.digest, layer);
    return {
      ...descriptor('application/vnd.oci.image.manifest.v1+json', manifest),
      platform: { architecture, os: 'linux' },
      annotations: { 'io.containerd.image.name': image.name, 'org.opencontainers.image.ref.name': tagOf(image.name) },
    };
  });
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests };
  return { index: JSON.stringify(index), blobs: [...blobs.values()], layers: [...layers.values()] };
}

const renderConfig = (image: OciImage, architecture: string) => ({
  created,
  architecture,
  os: 'linux',
  config: {
    Env: Object.entries({ PATH: defaultPath, ...image.config.env }).map(([name, value]) => `${name}=${value}`),
    ...(image.config.entrypoint === undefined ? {} : { Entrypoint: image.config.entrypoint }),
    ...(image.config.command === undefined ? {} : { Cmd: image.config.command }),
    ...(image.config.user === undefined ? {} : { User: image.config.user }),
  },
  rootfs: { type: 'layers', diff_ids: image.layers.map(({ digest }) => digest) },
  history: image.layers.map(() => ({ created, created_by: 'klab build node-image' })),
});

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const blobOf = (value: unknown): Blob => {
  const text = JSON.stringify(value);
  return { digest: `sha256:${createHash('sha256').update(text).digest('hex')}`, text };
};

const descriptor = (mediaType: string, blob: Blob) => ({
  mediaType,
  digest: blob.digest,
  size: Buffer.byteLength(blob.text),
});

const tagOf = (name: string): string => name.slice(name.lastIndexOf(':') + 1);

/** The layout as one tar, as `ctr images import` and `docker load` read it. Errors come out of the stream. */
export function streamArchive(layout: OciLayout): Readable {
  const pack = newPack();
  addLayout(pack, layout).catch((error: unknown) =>
    pack.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return Readable.from(pack, { objectMode: false });
}

async function addLayout(pack: Pack, layout: OciLayout): Promise<void> {
  const blobPath = (digest: string) => `blobs/${digest.replace(':', '/')}`;
  pack.entry({ name: 'oci-layout' }, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  pack.entry({ name: 'index.json' }, layout.index);
  for (const { digest, text } of layout.blobs) pack.entry({ name: blobPath(digest) }, text);
  for (const { digest, file, size } of layout.layers) {
    await pipeline(createReadStream(file), pack.entry({ name: blobPath(digest), size }));
  }
  pack.finalize();
}
