import { isNotFound } from '../../api/errors.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Pod } from '../../api/types.ts';
import type { PodObjects } from '../parts.ts';
import { NotAttachedYet } from './attachments.ts';
import { attachmentName } from './places.ts';
import type { CsiVolume, DriverSpec, SecretPlace } from './request.ts';

interface Attachment {
  readonly status?: { readonly attached?: boolean; readonly attachmentMetadata?: Readonly<Record<string, string>> };
}

const storage = '/apis/storage.k8s.io/v1';

/** A controller attaches the driver's volumes to nodes before they can be mounted. */
export const isAttachable = (inline: boolean, spec: DriverSpec | undefined): boolean =>
  !inline && spec?.attachRequired !== false;

/** What the API tells of a driver and its volumes. Each rejects with the API's error. */
export function driverObjects(api: KubeApi, nodeName: string, token: PodObjects['token']) {
  const specOf = (name: string): Promise<DriverSpec | undefined> =>
    api.get<{ readonly spec: DriverSpec }>(`${storage}/csidrivers/${name}`).then(
      ({ spec }) => spec,
      (error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      },
    );

  async function secretOf(place: SecretPlace | undefined): Promise<Record<string, string>> {
    if (place === undefined) return {};
    const path = `/api/v1/namespaces/${place.namespace}/secrets/${place.name}`;
    const { data = {} } = await api.get<{ readonly data?: Readonly<Record<string, string>> }>(path);
    return Object.fromEntries(
      Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')]),
    );
  }

  /** What the controller that attached the volume left for the node. Rejects until it is attached. */
  async function publishContextOf(
    { driver, handle, inline }: CsiVolume,
    spec: DriverSpec | undefined,
  ): Promise<Record<string, string>> {
    if (!isAttachable(inline, spec)) return {};
    const name = attachmentName(handle, driver, nodeName);
    const { status } = await api.get<Attachment>(`${storage}/volumeattachments/${name}`);
    if (status?.attached !== true)
      throw new NotAttachedYet(`volume ${handle} is not attached to this node yet (${name})`);
    return { ...status.attachmentMetadata };
  }

  async function tokensOf(pod: Pod, spec: DriverSpec | undefined): Promise<Record<string, string>> {
    const requests = spec?.tokenRequests ?? [];
    if (requests.length === 0) return {};
    const tokens: Record<string, unknown> = {};
    for (const { audience, expirationSeconds = 3600 } of requests) {
      const text = await token(pod, audience === '' ? [] : [audience], expirationSeconds);
      const expires = new Date(Date.now() + expirationSeconds * 1000).toISOString();
      tokens[audience] = { token: text, expirationTimestamp: expires };
    }
    return { 'csi.storage.k8s.io/serviceAccount.tokens': JSON.stringify(tokens) };
  }

  return { specOf, secretOf, publishContextOf, tokensOf };
}
