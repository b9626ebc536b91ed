import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { engineFailed } from '../errors.ts';
import type { ContainerEngine } from '../port.ts';
import { isStatus } from './status.ts';

type ImageMethods = Pick<
  ContainerEngine,
  | 'imageExists'
  | 'inspectImage'
  | 'pullImage'
  | 'tagImage'
  | 'removeImage'
  | 'importImage'
  | 'loadImages'
  | 'saveImages'
  | 'buildImage'
  | 'commit'
>;

/** One line of the engine's progress stream. */
interface EngineMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
}

/** Reads a progress stream to its end; rejects with the error it carries. */
function follow(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  onMessage: (message: EngineMessage) => void = () => undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(
      stream,
      (error: Error | null, output: readonly EngineMessage[] | undefined) => {
        const failed = output?.find((message) => message.error !== undefined)?.error;
        if (error) reject(error);
        else if (failed !== undefined) reject(new Error(failed));
        else resolve();
      },
      onMessage,
    );
  });
}

/** `registry:5000/a/b:tag` → name and tag. */
export function splitTag(reference: string): { repo: string; tag: string } {
  const at = reference.lastIndexOf(':');
  return at > reference.lastIndexOf('/')
    ? { repo: reference.slice(0, at), tag: reference.slice(at + 1) }
    : { repo: reference, tag: 'latest' };
}

export function imageMethods(docker: Docker): ImageMethods {
  const inspectImage: ImageMethods['inspectImage'] = async (reference) => {
    try {
      const { Id, Config } = await docker.getImage(reference).inspect();
      return { id: Id, labels: Config?.Labels ?? {} };
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw engineFailed(`cannot look at the image ${reference}`, error);
    }
  };
  return {
    inspectImage,
    imageExists: async (reference) => (await inspectImage(reference)) !== undefined,
    async pullImage(reference, signal) {
      try {
        const options = signal === undefined ? {} : { abortSignal: signal };
        await follow(docker, await docker.pull(reference, options));
      } catch (error) {
        throw engineFailed(`cannot pull the image ${reference}`, error);
      }
    },
    async tagImage(reference, newReference) {
      await docker.getImage(reference).tag(splitTag(newReference));
    },
    async removeImage(reference) {
      await docker.getImage(reference).remove({ force: true });
    },
    async importImage(rootfsTar, reference, changes = []) {
      const { repo, tag } = splitTag(reference);
      try {
        const stream = await docker.importImage(rootfsTar, { repo, tag, changes: [...changes] });
        await follow(docker, stream);
      } catch (error) {
        throw engineFailed(`cannot import the image ${reference}`, error);
      }
    },
    async loadImages(archive) {
      const loaded: string[] = [];
      try {
        await follow(docker, await docker.loadImage(archive, { quiet: true }), ({ stream }) => {
          const name = /Loaded image(?: ID)?: (\S+)/.exec(stream ?? '')?.[1];
          if (name !== undefined) loaded.push(name);
        });
      } catch (error) {
        throw engineFailed('cannot load the image archive', error);
      }
      return loaded;
    },
    async saveImages(references) {
      const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
        docker.modem.dial(
          {
            // The trailing `?` makes the client append the options, a list as one parameter for each.
            path: '/images/get?',
            options: { names: [...references] },
            method: 'GET',
            isStream: true,
            statusCodes: { 200: true, 404: 'no such image', 500: 'server error' },
          },
          (error: Error | null, answer: unknown) =>
            error
              ? reject(engineFailed(`cannot save ${references.join(', ')}`, error))
              : resolve(answer as NodeJS.ReadableStream),
        );
      });
      return stream as Readable;
    },
    async buildImage(contextTar, reference, { labels, onLine, signal } = {}) {
      try {
        const stream = await docker.buildImage(contextTar, {
          t: reference,
          rm: true,
          forcerm: true,
          ...(labels === undefined ? {} : { labels }),
          ...(signal === undefined ? {} : { abortSignal: signal }),
        });
        await follow(docker, stream, ({ stream: text }) => {
          for (const line of (text ?? '').split('\n')) if (line.trim() !== '') onLine?.(line);
        });
      } catch (error) {
        throw engineFailed(`cannot build the image ${reference}`, error);
      }
    },
    async commit(container, reference, changes) {
      await docker.getContainer(container).commit({ ...splitTag(reference), changes: changes.join('\n') });
    },
  };
}
