import type { KeyObject } from 'node:crypto';
import { type Informer, informer } from '../../api/informer.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Node, Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { createStubRequest } from '../../base/x509/stub-request.ts';
import type { Journal } from '../../journal/journal.ts';
import { nameOf, namespaceOf, podReference, uidOf } from '../pod-facts.ts';
import { generatePodKey } from './pod-certificate-key.ts';
import {
  type CertificateState,
  credentialsOf,
  decideAnswered,
  decideLateness,
  type PodCertificateRequest,
  type PodCredentials,
} from './pod-certificate-state.ts';

/** What a projected volume says of a certificate. */
export interface PodCertificateSource {
  readonly signerName: string;
  readonly keyType: string;
  readonly maxExpirationSeconds?: number;
  readonly userAnnotations?: Readonly<Record<string, string>>;
}

export interface PodCertificates {
  /** What the source in this place shows now; asks for it, or for its renewal. Rejects while there is nothing to show. */
  read(pod: Pod, place: string, source: PodCertificateSource): Promise<PodCredentials>;
  register(pod: Pod): void;
  unregister(pod: Pod): void;
}

export interface PodCertificatesOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly nodeName: string;
  readonly node: () => Node | undefined;
  /** Requests of these pods were answered. */
  readonly onChange: (podUids: readonly string[]) => void;
  readonly generateKey?: (keyType: string) => Promise<KeyObject>;
  readonly random?: () => number;
}

interface Entry {
  readonly pod: Pod;
  state: CertificateState | undefined;
  asking: Promise<void> | undefined;
  /** What was told of the credentials that are shown. */
  readonly told: Set<'overdue' | 'expired'>;
}

const group = '/apis/certificates.k8s.io/v1';
const jitterMs = 300_000;
const lostAfterMs = 600_000;

const wantsCertificates = (pod: Pod): boolean =>
  (pod.spec?.volumes ?? []).some(({ projected }) =>
    projected?.sources?.some(({ podCertificate }) => podCertificate !== undefined),
  );

/** Certificates for projected volumes; requests are watched only while a pod on this node has some. */
export function podCertificates(options: PodCertificatesOptions): PodCertificates {
  const { api, clock, journal, nodeName, generateKey = generatePodKey, random = Math.random } = options;
  /** By pod and place. */
  const entries = new Map<string, Map<string, Entry>>();
  let watching: { readonly requests: Informer<PodCertificateRequest>; readonly stop: AbortController } | undefined;

  function watch(): Informer<PodCertificateRequest> {
    if (watching !== undefined) return watching.requests;
    const stop = new AbortController();
    const requests = informer<PodCertificateRequest>({
      api,
      path: `${group}/podcertificaterequests`,
      query: { fieldSelector: `spec.nodeName=${nodeName}` },
      clock,
      onChange: (_before, after) => {
        const uid = after?.spec?.podUID ?? '';
        const settled = [...(entries.get(uid)?.values() ?? [])].filter(settle);
        if (settled.length > 0) options.onChange([uid]);
      },
    });
    watching = { requests, stop };
    void requests.run(stop.signal);
    return requests;
  }

  /** Takes what was answered meanwhile. Answers whether anything was. */
  function settle(entry: Entry): boolean {
    const { state, pod } = entry;
    if (state?.kind !== 'waiting') return false;
    const request = watching?.requests.get(state.request);
    if (request === undefined) {
      if (clock.now() <= state.lostAt) return false;
      entry.state = state.shown && { kind: 'issued', credentials: state.shown };
      return false;
    }
    const next = decideAnswered(state, request, random() * jitterMs);
    if (next === undefined) return false;
    entry.state = next;
    entry.told.clear();
    const object = podReference(pod);
    if (next.kind === 'refused')
      journal.write({ ...next, kind: 'certificate.podRefused', object, request: state.request });
    else journal.write({ kind: 'certificate.podIssued', object, request: state.request });
    return true;
  }

  async function ask(entry: Entry, source: PodCertificateSource, shown: PodCredentials | undefined): Promise<void> {
    const { pod } = entry;
    const namespace = namespaceOf(pod);
    const serviceAccountName = pod.spec?.serviceAccountName ?? 'default';
    const account = await api.get<{ readonly metadata?: { readonly uid?: string } }>(
      `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccountName}`,
    );
    const nodeUID = options.node()?.metadata?.uid;
    if (nodeUID === undefined) throw new Error('while getting node object from local cache: it is not known yet');
    const key = await generateKey(source.keyType);
    const { metadata } = await api.create<PodCertificateRequest>(
      `${group}/namespaces/${namespace}/podcertificaterequests`,
      {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'PodCertificateRequest',
        metadata: {
          generateName: 'req-',
          namespace,
          ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: nameOf(pod), uid: uidOf(pod) }],
        },
        spec: {
          signerName: source.signerName,
          podName: nameOf(pod),
          podUID: uidOf(pod),
          serviceAccountName,
          serviceAccountUID: account.metadata?.uid,
          nodeName,
          nodeUID,
          maxExpirationSeconds: source.maxExpirationSeconds,
          stubPKCS10Request: createStubRequest(key).toString('base64'),
          unverifiedUserAnnotations: source.userAnnotations,
        },
      },
    );
    entry.state = {
      kind: 'waiting',
      request: `${namespace}/${metadata?.name ?? ''}`,
      keyPem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
      lostAt: clock.now() + lostAfterMs + random() * jitterMs,
      shown,
    };
    settle(entry);
  }

  function askOnce(entry: Entry, source: PodCertificateSource, shown: PodCredentials | undefined): Promise<void> {
    entry.asking ??= ask(entry, source, shown).finally(() => {
      entry.asking = undefined;
    });
    return entry.asking;
  }

  function entryOf(pod: Pod, place: string): Entry {
    const places = entries.get(uidOf(pod)) ?? new Map<string, Entry>();
    const entry = places.get(place) ?? { pod, state: undefined, asking: undefined, told: new Set() };
    places.set(place, entry);
    entries.set(uidOf(pod), places);
    return entry;
  }

  /** What is late is told once for each certificate. */
  function tellLateness({ pod, told }: Entry, credentials: PodCredentials): void {
    for (const what of decideLateness(credentials, clock.now())) {
      if (told.has(what)) continue;
      told.add(what);
      journal.write({ kind: 'certificate.podLate', object: podReference(pod), what });
    }
  }

  return {
    async read(pod, place, source) {
      watch();
      const entry = entryOf(pod, place);
      settle(entry);
      if (entry.state === undefined) await askOnce(entry, source, undefined);
      const { state } = entry;
      if (state === undefined) throw new Error('credential bundle is not issued yet');
      const credentials = credentialsOf(state);
      if (state.kind === 'issued' && clock.now() >= credentials.refreshAt) {
        // What is shown goes on being shown, whatever comes of this; the next sync tries again.
        askOnce(entry, source, credentials).catch((error: Error) =>
          journal.write({ kind: 'certificate.podRenewalFailed', object: podReference(pod), error: error.message }),
        );
      }
      tellLateness(entry, credentials);
      return credentials;
    },
    register(pod) {
      if (wantsCertificates(pod) && !entries.has(uidOf(pod))) entries.set(uidOf(pod), new Map());
    },
    unregister(pod) {
      if (!entries.delete(uidOf(pod)) || entries.size > 0) return;
      watching?.stop.abort();
      watching = undefined;
    },
  };
}
