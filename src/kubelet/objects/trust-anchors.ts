import { createHash, randomBytes } from 'node:crypto';
import { informer } from '../../api/informer.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { uidOf } from '../pod-facts.ts';
import { type LabelSelector, matchesLabels } from './label-selector.ts';

/** Which ClusterTrustBundles a projected volume shows: one by name, or those of a signer. */
export interface TrustAnchorsSource {
  readonly name?: string | undefined;
  readonly signerName?: string | undefined;
  readonly labelSelector?: LabelSelector | undefined;
  /** Nothing that fits is no error. */
  readonly optional?: boolean | undefined;
}

/** https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/cluster-trust-bundle-v1/ */
interface ClusterTrustBundle {
  readonly metadata?: {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly resourceVersion?: string;
  };
  readonly spec: { readonly signerName?: string; readonly trustBundle: string };
}

export interface TrustAnchors {
  /** PEM certificates, each once. Rejects when nothing fits and the source is not optional. */
  read(source: TrustAnchorsSource): Promise<string>;
  register(pod: Pod): void;
  unregister(pod: Pod): void;
}

export interface TrustAnchorsOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** What these pods show has changed. */
  readonly onChange: (podUids: readonly string[]) => void;
}

const path = '/apis/certificates.k8s.io/v1/clustertrustbundles';
const firstSyncMs = 10_000;

const block = /-----BEGIN [A-Z0-9 ]+-----([A-Za-z0-9+/=\s]*)-----END [A-Z0-9 ]+-----/g;

const toPem = (base64: string): string =>
  `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;

/**
 * The certificates of bundles: each once, without what stands between them. Their order depends on `seed` only, so
 * that files stay as they are from one sync to the next, yet nobody can rely on it.
 */
export function renderTrustAnchors(bundles: readonly string[], seed: string): string {
  const certificates = new Set(
    bundles.flatMap((bundle) => [...bundle.matchAll(block)].map(([, body = '']) => body.replace(/\s+/g, ''))),
  );
  return [...certificates]
    .map((base64) => ({ base64, rank: createHash('sha256').update(seed).update(base64).digest('hex') }))
    .sort((one, other) => (one.rank < other.rank ? -1 : 1))
    .map(({ base64 }) => toPem(base64))
    .join('');
}

const sourcesOf = (pod: Pod): readonly TrustAnchorsSource[] =>
  (pod.spec?.volumes ?? []).flatMap(({ projected }) =>
    (projected?.sources ?? []).flatMap(({ clusterTrustBundle }) => clusterTrustBundle ?? []),
  );

const concerns = (source: TrustAnchorsSource, { metadata, spec }: ClusterTrustBundle): boolean =>
  source.name === undefined ? source.signerName === spec.signerName : source.name === metadata?.name;

/** ClusterTrustBundles for projected volumes; watched only while a pod on this node shows some. */
export function trustAnchors({ api, clock, onChange }: TrustAnchorsOptions): TrustAnchors {
  const seed = randomBytes(16).toString('hex');
  /** Pods that show trust anchors. */
  const pods = new Map<string, readonly TrustAnchorsSource[]>();
  let running: ReturnType<typeof follow> | undefined;

  function tell(bundles: readonly (ClusterTrustBundle | undefined)[]): void {
    const changed = bundles.filter((bundle) => bundle !== undefined);
    const uids = [...pods].filter(([, sources]) =>
      sources.some((source) => changed.some((bundle) => concerns(source, bundle))),
    );
    if (uids.length > 0) onChange(uids.map(([uid]) => uid));
  }

  function follow() {
    const stop = new AbortController();
    let problem = 'it takes too long';
    const synced = Promise.withResolvers<void>();
    const bundles = informer<ClusterTrustBundle>({
      api,
      path,
      clock,
      onChange: (before, after) => {
        if (bundles.synced()) tell([before, after]);
      },
      onSynced: synced.resolve,
      onError: (error) => {
        problem = error.message;
      },
    });
    void bundles.run(stop.signal);
    return {
      bundles,
      stop: () => stop.abort(),
      async ready(): Promise<void> {
        const enough = new AbortController();
        const patience = clock.sleep(firstSyncMs, enough.signal).catch(() => undefined);
        await Promise.race([synced.promise, patience]);
        enough.abort();
        if (!bundles.synced()) throw new Error(`ClusterTrustBundle informer has not yet synced: ${problem}`);
      },
    };
  }

  return {
    async read({ name, signerName, labelSelector, optional = false }) {
      if (!name && !signerName)
        throw new Error('ClusterTrustBundle projection requires either name or signerName to be set');
      running ??= follow();
      const { bundles, ready } = running;
      await ready();
      if (name) {
        const bundle = bundles.get(`/${name}`);
        if (bundle === undefined && !optional)
          throw new Error(
            `while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io ${JSON.stringify(name)} not found`,
          );
        return renderTrustAnchors(bundle === undefined ? [] : [bundle.spec.trustBundle], seed);
      }
      const found = [...bundles.values()].filter(
        ({ metadata, spec }) => spec.signerName === signerName && matchesLabels(labelSelector, metadata?.labels),
      );
      if (found.length === 0 && !optional)
        throw new Error('combination of signerName and labelSelector matched zero ClusterTrustBundles');
      return renderTrustAnchors(
        found.map(({ spec }) => spec.trustBundle),
        seed,
      );
    },
    register(pod) {
      const sources = sourcesOf(pod);
      if (sources.length > 0) pods.set(uidOf(pod), sources);
    },
    unregister(pod) {
      if (!pods.delete(uidOf(pod)) || pods.size > 0) return;
      running?.stop();
      running = undefined;
    },
  };
}
