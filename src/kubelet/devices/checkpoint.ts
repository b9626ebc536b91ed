import * as z from 'zod';
import { fnv1a32 } from '../fnv.ts';

/** Devices of one resource that a container was given, by NUMA node (-1: none told). */
export interface DeviceEntry {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
  readonly devices: ReadonlyMap<number, readonly string[]>;
  /** The plugin's answer to Allocate for this container, as it came. */
  readonly response: Uint8Array;
}

export interface DeviceCheckpoint {
  readonly entries: readonly DeviceEntry[];
  /** Resource → IDs of its healthy devices. */
  readonly registered: ReadonlyMap<string, readonly string[]>;
}

const fileSchema = z.object({
  Data: z.object({
    PodDeviceEntries: z
      .array(
        z.object({
          PodUID: z.string(),
          ContainerName: z.string(),
          ResourceName: z.string(),
          DeviceIDs: z.record(z.string(), z.array(z.string()).nullable()).nullable(),
          AllocResp: z.string().nullable(),
        }),
      )
      .nullable(),
    RegisteredDevices: z.record(z.string(), z.array(z.string()).nullable()).nullable(),
  }),
  Checksum: z.number(),
});

type Data = z.infer<typeof fileSchema>['Data'];

const byName = (a: readonly [string, unknown], b: readonly [string, unknown]): number => (a[0] < b[0] ? -1 : 1);
const byNumber = (a: readonly [string, unknown], b: readonly [string, unknown]): number => Number(a[0]) - Number(b[0]);

/** The data in the words of Go's `%#v`, which upstream's checksum is of. */
function renderGo({ PodDeviceEntries, RegisteredDevices }: Data): string {
  const list = (ids: readonly string[] | null): string => (ids === null ? '<nil>' : `[${ids.join(' ')}]`);
  const map = (entries: Readonly<Record<string, readonly string[] | null>> | null, order: typeof byName): string =>
    entries === null
      ? '<nil>'
      : `map[${Object.entries(entries)
          .sort(order)
          .map(([key, ids]) => `${key}:${list(ids)}`)
          .join(' ')}]`;
  const bytes = (text: string | null): string =>
    text === null ? '<nil>' : `[${[...Buffer.from(text, 'base64')].join(' ')}]`;
  const entries =
    PodDeviceEntries === null
      ? '<nil>'
      : `[${PodDeviceEntries.map(
          (entry) =>
            `{PodUID:(string)${entry.PodUID} ContainerName:(string)${entry.ContainerName} ResourceName:(string)${entry.ResourceName}` +
            ` DeviceIDs:(checkpoint.DevicesPerNUMA)${map(entry.DeviceIDs, byNumber)} AllocResp:([]uint8)${bytes(entry.AllocResp)}}`,
        ).join(' ')}]`;
  return (
    `(checkpoint.checkpointData){PodDeviceEntries:([]checkpoint.PodDevicesEntry)${entries}` +
    ` RegisteredDevices:(map[string][]string)${map(RegisteredDevices, byName)}}`
  );
}

/** The file's text → what is in it. Throws when it is no such file or its checksum is wrong. */
export function parseDeviceCheckpoint(text: string): DeviceCheckpoint {
  const { Data, Checksum } = fileSchema.parse(JSON.parse(text));
  if (fnv1a32(renderGo(Data)) !== Checksum) throw new Error('checkpoint is corrupted');
  return {
    entries: (Data.PodDeviceEntries ?? []).map((entry) => ({
      podUid: entry.PodUID,
      container: entry.ContainerName,
      resource: entry.ResourceName,
      devices: new Map(Object.entries(entry.DeviceIDs ?? {}).map(([node, ids]) => [Number(node), ids ?? []])),
      response: Buffer.from(entry.AllocResp ?? '', 'base64'),
    })),
    registered: new Map(Object.entries(Data.RegisteredDevices ?? {}).map(([name, ids]) => [name, ids ?? []])),
  };
}

/** The file as upstream's kubelet writes it, so that either takes over from the other. */
export function renderDeviceCheckpoint({ entries, registered }: DeviceCheckpoint): string {
  const data: Data = {
    PodDeviceEntries: entries.map(({ podUid, container, resource, devices, response }) => ({
      PodUID: podUid,
      ContainerName: container,
      ResourceName: resource,
      DeviceIDs: Object.fromEntries([...devices].map(([node, ids]) => [String(node), [...ids]])),
      AllocResp: Buffer.from(response).toString('base64'),
    })),
    RegisteredDevices: Object.fromEntries([...registered].map(([name, ids]) => [name, [...ids]]).sort(byEntry)),
  };
  return JSON.stringify({ Data: data, Checksum: fnv1a32(renderGo(data)) });
}

const byEntry = (a: readonly unknown[], b: readonly unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1);
