import type { Command } from 'commander';
import { KlabError } from '../../base/errors.ts';
import { Image } from '../../cri/generated/api.ts';
import type { CrictlContext } from '../context.ts';
import { type Format, protoJson, render, renderTable } from '../output.ts';
import { humanSize, shortId } from '../units.ts';
import { parseInfo } from './containers.ts';

type WithContext = (run: (context: CrictlContext) => Promise<void>) => Promise<void>;

interface ImagesOptions {
  readonly quiet: boolean;
  readonly digests: boolean;
  readonly trunc: boolean;
  readonly output: Format;
}

/** `registry.k8s.io/pause:3.10` → its name and tag; a digest is no tag. */
export function splitReference(reference: string): { name: string; tag: string } {
  const at = reference.lastIndexOf(':');
  return at > reference.lastIndexOf('/')
    ? { name: reference.slice(0, at), tag: reference.slice(at + 1) }
    : { name: reference, tag: '<none>' };
}

async function images(
  { cri, out }: CrictlContext,
  repository: string | undefined,
  options: ImagesOptions,
): Promise<void> {
  const found = await cri.listImages(repository);
  if (options.quiet) {
    out(found.map(({ id }) => `${id}\n`).join(''));
    return;
  }
  if (options.output !== 'table') {
    out(render(options.output, { images: found.map((image) => protoJson(image, Image.toJSON(image))) }));
    return;
  }
  const short = options.trunc ? shortId : (id: string) => id;
  const rows = found
    .flatMap((image) => {
      const digest = image.repoDigests[0]?.split('@') ?? [];
      const tags =
        image.repoTags.length > 0
          ? image.repoTags.map(splitReference)
          : [{ name: digest[0] ?? '<none>', tag: '<none>' }];
      return tags.map(({ name, tag }) => [
        name,
        tag,
        ...(options.digests ? [short(digest[1] ?? '<none>')] : []),
        short(image.id),
        humanSize(Number(image.size)),
      ]);
    })
    .sort((a, b) => `${a[0]}:${a[1]}`.localeCompare(`${b[0]}:${b[1]}`));
  out(renderTable(['IMAGE', 'TAG', ...(options.digests ? ['DIGEST'] : []), 'IMAGE ID', 'SIZE'], rows));
}

const noSuchImage = (reference: string) =>
  new KlabError('NOT_FOUND', `no such image "${reference}" present`, { hint: 'list them with `crictl images`' });

export function addImageCommands(program: Command, withContext: WithContext): void {
  program
    .command('images')
    .aliases(['image', 'img'])
    .description('List images')
    .argument('[repository]')
    .option('-q, --quiet', 'Only show image IDs', false)
    .option('--digests', 'Show digests', false)
    .option('--no-trunc', 'Show output without truncating the IDs')
    .option('-o, --output <format>', 'Output format, one of: json|yaml|table', 'table')
    .action((repository: string | undefined, options: ImagesOptions) =>
      withContext((context) => images(context, repository, options)),
    );
  program
    .command('inspecti')
    .description('Return the status of one or more images')
    .argument('<image...>')
    .option('-o, --output <format>', 'Output format, one of: json|yaml', 'json')
    .action((references: string[], { output }: { output: Format }) =>
      withContext(async ({ cri, out }) => {
        for (const reference of references) {
          const { image, info } = await cri.imageStatus({ image: reference }, true);
          if (image === undefined) throw noSuchImage(reference);
          const status = protoJson(image, Image.toJSON(image));
          out(render(output === 'yaml' ? 'yaml' : 'json', { status, info: parseInfo(info) }));
        }
      }),
    );
  program
    .command('pull')
    .description('Pull an image from a registry')
    .argument('<image>')
    .option('--creds <user:password>', 'Use USERNAME[:PASSWORD] for accessing the registry')
    .action((reference: string, { creds }: { creds?: string }) =>
      withContext(async ({ cri, out }) => {
        const [username = '', password = ''] = creds?.split(/:(.*)/s) ?? [];
        const auth =
          creds === undefined
            ? undefined
            : { username, password, auth: '', serverAddress: '', identityToken: '', registryToken: '' };
        out(`Image is up to date for ${await cri.pullImage({ image: reference }, auth, undefined)}\n`);
      }),
    );
  program
    .command('rmi')
    .description('Remove one or more images')
    .argument('[image...]')
    .option('-a, --all', 'Remove all images', false)
    .option('-q, --prune', 'Remove all unused images', false)
    .action((references: string[], { all, prune }: { all: boolean; prune: boolean }) =>
      withContext(async ({ cri, out }) => {
        const inUse = prune
          ? new Set((await cri.listContainers()).map(({ imageId, imageRef }) => imageId || imageRef))
          : new Set<string>();
        const targets =
          all || prune
            ? (await cri.listImages())
                .filter(({ id, pinned }) => all || (!pinned && !inUse.has(id)))
                .map(({ id }) => id)
            : references;
        for (const reference of targets) {
          const { image } = await cri.imageStatus({ image: reference }, false);
          if (image === undefined) throw noSuchImage(reference);
          await cri.removeImage({ image: reference });
          for (const tag of image.repoTags) out(`Deleted: ${tag}\n`);
        }
      }),
    );
  program
    .command('imagefsinfo')
    .description('Return image filesystem info')
    .option('-o, --output <format>', 'Output format, one of: json|yaml', 'json')
    .action(({ output }: { output: Format }) =>
      withContext(async ({ cri, out }) => {
        const info = await cri.imageFsInfo();
        const status = {
          imageFilesystems: protoJson(info.images, undefined),
          containerFilesystems: protoJson(info.containers, undefined),
        };
        out(render(output === 'yaml' ? 'yaml' : 'json', { status }));
      }),
    );
}
