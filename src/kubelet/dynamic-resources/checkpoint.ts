import { crc32 } from 'node:zlib';
import * as z from 'zod';
import type { ClaimInUse } from './prepared.ts';

const kind = 'DRACheckpoint';
const apiVersion = 'checkpoint.dra.kubelet.k8s.io/v1';

const fileSchema = z.object({ Data: z.string(), Checksum: z.number() });

const textsSchema = z
  .array(z.string())
  .nullable()
  .transform((texts) => texts ?? []);
const deviceSchema = z
  .object({
    PoolName: z.string(),
    DeviceName: z.string(),
    ShareID: z.string().nullish(),
    RequestNames: textsSchema,
    CDIDeviceIDs: textsSchema,
  })
  .transform(({ PoolName, DeviceName, ShareID, RequestNames, CDIDeviceIDs }) => ({
    pool: PoolName,
    device: DeviceName,
    shareId: ShareID ?? undefined,
    requests: RequestNames,
    cdiIds: CDIDeviceIDs,
  }));
const claimSchema = z
  .object({
    ClaimUID: z.string(),
    ClaimName: z.string(),
    Namespace: z.string(),
    PodUIDs: z.record(z.string(), z.object({})).nullable(),
    DriverState: z.record(z.string(), z.object({ Devices: z.array(deviceSchema).nullable() })).nullable(),
  })
  .transform(
    ({ ClaimUID, ClaimName, Namespace, PodUIDs, DriverState }): ClaimInUse => ({
      uid: ClaimUID,
      name: ClaimName,
      namespace: Namespace,
      podUids: new Set(Object.keys(PodUIDs ?? {})),
      drivers: new Map(Object.entries(DriverState ?? {}).map(([driver, { Devices }]) => [driver, Devices ?? []])),
    }),
  );
const dataSchema = z.object({ ClaimInfoStateList: z.array(claimSchema).nullable() });

/** The file's text → the claims in use. Throws when it is no such file or its checksum is wrong. */
export function parseClaims(text: string): readonly ClaimInUse[] {
  const { Data, Checksum } = fileSchema.parse(JSON.parse(text));
  if (crc32(Data) !== Checksum) throw new Error('checkpoint is corrupted');
  return dataSchema.parse(JSON.parse(Data)).ClaimInfoStateList ?? [];
}

/** The file as upstream's kubelet writes it, so that either takes over from the other. */
export function renderClaims(claims: Iterable<ClaimInUse>): string {
  const list = [...claims].map(({ uid, name, namespace, podUids, drivers }) => ({
    ClaimUID: uid,
    ClaimName: name,
    Namespace: namespace,
    PodUIDs: Object.fromEntries([...podUids].map((podUid) => [podUid, {}])),
    DriverState: Object.fromEntries(
      [...drivers].map(([driver, devices]) => [
        driver,
        {
          Devices: devices.map(({ pool, device, shareId, requests, cdiIds }) => ({
            PoolName: pool,
            DeviceName: device,
            ShareID: shareId ?? null,
            RequestNames: requests,
            CDIDeviceIDs: cdiIds,
          })),
        },
      ]),
    ),
  }));
  const data = JSON.stringify({ kind, apiVersion, ClaimInfoStateList: list });
  return JSON.stringify({ Data: data, Checksum: crc32(data) });
}
