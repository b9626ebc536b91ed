import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import { KeyedSerial } from '../../base/keyed-serial.ts';
import type { CriImages } from '../../cri/port.ts';
import { writeFileAtOnce } from '../checkpoint.ts';
import {
  decideImageAccess,
  type ImageAccess,
  mergeCredentials,
  needsVerification,
  type PullCredentials,
  type PulledRecord,
  type PullSecret,
  parseIntent,
  parseRecord,
  recordFileName,
  renderIntent,
  renderRecord,
  type VerificationPolicy,
} from './pull-record.ts';

export interface PullRecordsOptions {
  /** `<root>/image_manager` */
  readonly folder: string;
  readonly clock: Clock;
  readonly cri: Pick<CriImages, 'listImages'>;
  readonly policy: VerificationPolicy;
}

/** An image as a container names it. */
export interface NamedImage {
  /** With its tag. */
  readonly image: string;
  /** Without tag and digest. */
  readonly name: string;
}

/** What the kubelet remembers of its pulls, in files that upstream's kubelet reads and writes too. */
export interface PullRecords {
  /** To be called before a pull, and `ended` after it: an image whose pull was cut short is no preloaded one. */
  begun(image: string): Promise<void>;
  /** `result` is undefined for a pull that failed. */
  ended(
    named: NamedImage,
    result: { readonly imageRef: string; readonly credentials: PullCredentials } | undefined,
  ): Promise<void>;
  /** Whether a pod may use an image that is there. `secretsOf` is asked only when that decides. */
  access(named: NamedImage, imageRef: string, secretsOf: () => Promise<readonly PullSecret[]>): Promise<ImageAccess>;
  /** Forgets images that the runtime has no more, unless they were pulled since `before`. */
  prune(imageRefs: ReadonlySet<string>, before: number): Promise<void>;
}

/** The records in `folder`; those of pulls that an earlier kubelet did not see the end of are settled first. */
export function pullRecords({ folder, clock, cri, policy }: PullRecordsOptions): PullRecords {
  const pulling = join(folder, 'pulling');
  const pulled = join(folder, 'pulled');
  const serial = new KeyedSerial<string>();
  /** Pulls under way, by image. */
  const running = new Map<string, number>();
  let settled: Promise<void> | undefined;

  /** Undefined: there is none. Rejects for one that cannot be read. */
  async function read<T>(path: string, parse: (text: string) => T): Promise<T | undefined> {
    try {
      return parse(await readFile(path, 'utf8'));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
  const readRecord = (imageRef: string) => read(join(pulled, recordFileName(imageRef)), parseRecord);
  const recordFiles = async (path: string) =>
    (await readdir(path)).filter((name) => name.startsWith('sha256-') && !name.endsWith('.tmp'));

  const note = (imageRef: string, name: string, credentials: PullCredentials | undefined): Promise<void> =>
    serial.run(imageRef, async () => {
      const before = await readRecord(imageRef).catch(() => undefined);
      const known = before?.credentials ?? {};
      const after =
        credentials === undefined ? known : { ...known, [name]: mergeCredentials(known[name], credentials) };
      if (before !== undefined && JSON.stringify(after) === JSON.stringify(known)) return;
      const record: PulledRecord = {
        imageRef,
        updatedAt: new Date(clock.now()).toISOString().replace(/\.\d+/, ''),
        credentials: after,
      };
      await writeFileAtOnce(join(pulled, recordFileName(imageRef)), renderRecord(record));
    });

  /** Who has the image of a pull that was cut short must show that they may. */
  async function settle(): Promise<void> {
    await Promise.all([pulling, pulled].map((path) => mkdir(path, { recursive: true, mode: 0o700 })));
    const files = await recordFiles(pulling);
    if (files.length === 0) return;
    const images = await cri.listImages();
    for (const file of files) {
      const image = await read(join(pulling, file), parseIntent).catch(() => undefined);
      const found = images.find(
        ({ repoTags, repoDigests }) => image !== undefined && [...repoTags, ...repoDigests].includes(image),
      );
      if (image === undefined || found === undefined) continue;
      await note(found.id, image, undefined);
      await rm(join(pulling, file), { force: true });
    }
  }
  const ready = (): Promise<void> => {
    settled ??= settle().catch((error: unknown) => {
      settled = undefined;
      throw error;
    });
    return settled;
  };

  async function wasPulledByKubelet(image: string, record: PulledRecord | undefined): Promise<boolean> {
    if (record !== undefined || running.has(image)) return true;
    return (await read(join(pulling, recordFileName(image)), parseIntent)) === image;
  }

  return {
    async begun(image) {
      await ready();
      running.set(image, (running.get(image) ?? 0) + 1);
      await serial.run(image, () => writeFileAtOnce(join(pulling, recordFileName(image)), renderIntent(image)));
    },
    async ended({ image, name }, result) {
      if (result !== undefined) await note(result.imageRef, name, result.credentials);
      const left = (running.get(image) ?? 1) - 1;
      if (left > 0) {
        running.set(image, left);
        return;
      }
      running.delete(image);
      await serial.run(image, () => rm(join(pulling, recordFileName(image)), { force: true }));
    },
    async access({ image, name }, imageRef, secretsOf) {
      await ready();
      let record: PulledRecord | undefined;
      try {
        record = await readRecord(imageRef);
        if (!needsVerification(policy, name, await wasPulledByKubelet(image, record)))
          return { kind: 'allowed', because: 'the policy asks for no proof' };
      } catch {
        return { kind: 'pull', because: 'its record cannot be read' };
      }
      const known = record?.credentials[name];
      const needsSecrets = known !== undefined && known.nodePodsAccessible !== true;
      const access = decideImageAccess(known, needsSecrets ? await secretsOf() : []);
      // The same content under another name, or new content under the same: both open the image from now on.
      if (access.kind === 'granted' && access.by !== undefined)
        await note(imageRef, name, { kubernetesSecrets: [access.by] });
      return access;
    },
    async prune(imageRefs, before) {
      await ready();
      for (const file of await recordFiles(pulled)) {
        const record = await read(join(pulled, file), parseRecord).catch(() => undefined);
        if (record === undefined || imageRefs.has(record.imageRef) || Date.parse(record.updatedAt) >= before) continue;
        await rm(join(pulled, file), { force: true });
      }
    },
  };
}
