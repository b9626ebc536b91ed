import type { ObjectReference, Pod } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { LimitedParallel } from '../../base/limited-parallel.ts';
import type { CriImages, PodSandboxConfig } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import { StartFailure } from '../containers/errors.ts';
import { criErrorText } from '../cri-error-text.ts';
import type { ImageManager, PodObjects } from '../parts.ts';
import { containerReference, logNameOf, namespaceOf, podReference, uidOf } from '../pod-facts.ts';
import { RestartBackoff } from '../workers/restart-backoff.ts';
import { type ImageCredential, parseDockerConfig, type RegistryCredential, selectCredentials } from './credentials.ts';
import { judgePullError, pullErrorText } from './pull-error.ts';
import type { PullRecords } from './pull-records.ts';
import { type ImageReference, parseImageReference, withDefaultTag, withoutTag } from './reference.ts';

export interface ImageManagerOptions {
  readonly cri: Pick<CriImages, 'imageStatus' | 'pullImage'>;
  readonly clock: Clock;
  readonly journal: Journal;
  /** Absent when standalone: there are no pull secrets then. */
  readonly objects?: Pick<PodObjects, 'secret'>;
  /** Credentials of the node itself (`<root>/config.json`). */
  readonly nodeCredentials?: () => Promise<readonly RegistryCredential[]>;
  readonly maxParallelPulls: number;
  /** Whether one more pull may be asked of the runtime now; absent: always. */
  readonly mayPull?: () => boolean;
  /** Which images were pulled with which secrets; absent: whatever is there is for every pod. */
  readonly records?: PullRecords | undefined;
}

const keptFailures = 500;

/** Every way to pull has failed. */
class PullFailed extends Error {}

interface Asked {
  readonly pod: Pod;
  /** What Events are about: the container, or the pod for its volumes. */
  readonly object: ObjectReference;
  readonly policy: string | undefined;
  /** The image as the container names it, which is how Events speak of it. */
  readonly named: string;
  readonly sandbox: PodSandboxConfig | undefined;
  readonly signal: AbortSignal;
}

/** Pulls images as the containers' policies say; failures wait longer each time, by pod and image. */
export function createImageManager(options: ImageManagerOptions): ImageManager {
  const { cri, clock, journal } = options;
  const backoff = new RestartBackoff({ firstMs: 10_000, maxMs: 300_000 });
  const failures = new Map<string, { readonly text: string; readonly at: Instant }>();
  const pulls = new LimitedParallel(options.maxParallelPulls);

  async function secretsOf(
    pod: Pod,
  ): Promise<{ credentials: readonly RegistryCredential[]; missing: readonly string[] }> {
    const names = (pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []));
    const missing: string[] = [];
    const credentials: RegistryCredential[] = [];
    for (const name of names) {
      try {
        const { data, uid = '' } = (await options.objects?.secret(namespaceOf(pod), name)) ?? {};
        const text = data?.['.dockerconfigjson'] ?? data?.['.dockercfg'];
        if (text === undefined) continue;
        const secret = { uid, namespace: namespaceOf(pod), name, credentialHash: '' };
        const entries = parseDockerConfig(Buffer.from(text).toString());
        credentials.push(...entries.map((entry) => ({ ...entry, secret })));
      } catch {
        missing.push(name);
      }
    }
    const ofNode = (await options.nodeCredentials?.()) ?? [];
    return { credentials: [...credentials, ...ofNode], missing };
  }

  /** 0 when nobody knows: the image is there all the same. */
  const sizeOf = (ref: string): Promise<number> =>
    cri.imageStatus({ image: ref }, false).then(
      ({ image }) => Number(image?.size ?? 0n),
      () => 0,
    );

  async function pull(
    image: string,
    { pod, object, sandbox, signal, named }: Asked,
    parsed: ImageReference,
  ): Promise<{ readonly ref: string; readonly secret: ImageCredential['secret'] }> {
    const { credentials, missing } = await secretsOf(pod);
    const queuedAt = clock.now();
    const ways: readonly (ImageCredential | undefined)[] = selectCredentials(credentials, parsed);
    journal.write({ kind: 'image.pulling', object, image: named });
    return pulls.run(async () => {
      const startedAt = clock.now();
      const problems: unknown[] = [];
      for (const way of ways.length > 0 ? ways : [undefined]) {
        try {
          if (options.mayPull?.() === false) throw new Error('pull QPS exceeded');
          const spec = { image, userSpecifiedImage: named };
          const ref = await cri.pullImage(spec, way?.auth, sandbox, { signal });
          const endedAt = clock.now();
          const sizeBytes = await sizeOf(ref);
          journal.write({
            kind: 'image.pulled',
            object,
            image: named,
            ms: endedAt - startedAt,
            withWaitingMs: endedAt - queuedAt,
            sizeBytes,
          });
          return { ref, secret: way?.secret };
        } catch (error) {
          problems.push(error);
        }
      }
      if (missing.length > 0)
        journal.write({ kind: 'image.secretsMissing', object: podReference(pod), names: missing });
      throw new PullFailed(pullErrorText(problems));
    });
  }

  /** Pulls, and notes with whose credentials that was possible. */
  async function pullAndNote(image: string, asked: Asked, parsed: ImageReference): Promise<string> {
    const { records } = options;
    if (records === undefined) return (await pull(image, asked, parsed)).ref;
    const named = { image, name: withoutTag(image, parsed) };
    let result: Parameters<PullRecords['ended']>[1];
    await records.begun(image);
    try {
      const { ref, secret } = await pull(image, asked, parsed);
      result = {
        imageRef: ref,
        credentials: secret === undefined ? { nodePodsAccessible: true } : { kubernetesSecrets: [secret] },
      };
      return ref;
    } finally {
      // Without its record the image is asked for again the next time, which is safe.
      await records
        .ended(named, result)
        .catch((error: unknown) => journal.write({ kind: 'image.recordFailed', image, error: messageOf(error) }));
    }
  }

  async function isOpenTo({ pod }: Asked, image: string, ref: string, parsed: ImageReference): Promise<boolean> {
    const { records } = options;
    if (records === undefined) return true;
    const access = await records.access({ image, name: withoutTag(image, parsed) }, ref, async () =>
      selectCredentials((await secretsOf(pod)).credentials, parsed).flatMap(({ secret }) => secret ?? []),
    );
    journal.write({ kind: 'image.access', pod: logNameOf(pod), image, access: access.kind, because: access.because });
    return access.kind !== 'pull';
  }

  async function pullOrBackOff(image: string, asked: Asked, parsed: ImageReference): Promise<string> {
    const { named, object } = asked;
    const key = `${uidOf(asked.pod)}_${named}`;
    const now = clock.now();
    const before = failures.get(key);
    if (before !== undefined && (backoff.retryOf(key, before.at)?.at ?? 0) > now) {
      journal.write({ kind: 'image.backOff', object, image: named });
      throw new StartFailure('ImagePullBackOff', `Back-off pulling image "${named}": ${before.text}`);
    }
    try {
      const ref = await pullAndNote(image, asked, parsed);
      failures.delete(key);
      return ref;
    } catch (error) {
      asked.signal.throwIfAborted();
      const text = error instanceof PullFailed ? error.message : criErrorText(error);
      journal.write({ kind: 'image.pullFailed', object, image: named, error: text });
      const failure = judgePullError(named, text);
      backoff.bump(key, clock.now(), clock.now());
      failures.set(key, { text: `${failure.reason}: ${failure.message}`, at: clock.now() });
      const [oldest] = failures.keys();
      if (failures.size > keptFailures && oldest !== undefined) failures.delete(oldest);
      throw new StartFailure(failure.reason, failure.message, { cause: error });
    }
  }

  async function ensure(asked: Asked): Promise<string> {
    const { object, named } = asked;
    const parsed = parseImageReference(named);
    if (typeof parsed === 'string') {
      const text = `Failed to apply default image tag "${named}": couldn't parse image name "${named}": ${parsed}`;
      journal.write({ kind: 'image.inspectFailed', object, message: text });
      throw new StartFailure('InvalidImageName', text);
    }
    const image = withDefaultTag(named, parsed);
    const policy = asked.policy ?? (image.endsWith(':latest') ? 'Always' : 'IfNotPresent');
    if (policy === 'Always') return pullOrBackOff(image, asked, parsed);
    let present: string | undefined;
    try {
      present = (await cri.imageStatus({ image }, false)).image?.id;
    } catch (error) {
      const text = `Failed to inspect image "": ${criErrorText(error)}`;
      journal.write({ kind: 'image.inspectFailed', object, message: text });
      throw new StartFailure('ImageInspectError', text, { cause: error });
    }
    if (present !== undefined && (await isOpenTo(asked, image, present, parsed))) {
      journal.write({ kind: 'image.present', object, image: named });
      return present;
    }
    if (policy === 'Never') {
      const text = `Container image "${named}" is not present with pull policy of Never`;
      journal.write({ kind: 'image.neverPulled', object, message: text });
      throw new StartFailure('ErrImageNeverPull', text);
    }
    return pullOrBackOff(image, asked, parsed);
  }

  return {
    ensure: (pod, { name, image = '', imagePullPolicy }, sandbox, signal) =>
      ensure({ pod, object: containerReference(pod, name), named: image, policy: imagePullPolicy, sandbox, signal }),
    ensureForVolume: (pod, { reference, pullPolicy }, sandbox, signal) =>
      ensure({ pod, object: podReference(pod), named: reference, policy: pullPolicy, sandbox, signal }),
  };
}
