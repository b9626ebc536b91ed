import type { Projections } from './projection.ts';
import { type CertificateRecord, certificateProjections } from './records/certificate.ts';
import { type DeviceRecord, deviceProjections } from './records/device.ts';
import { type DynamicRecord, dynamicProjections } from './records/dynamic.ts';
import { type EvictionRecord, evictionProjections } from './records/eviction.ts';
import { type ImageRecord, imageProjections } from './records/image.ts';
import { type ImageGarbageRecord, imageGarbageProjections } from './records/image-garbage.ts';
import { type NodeRecord, nodeProjections } from './records/node.ts';
import { type PlacementRecord, placementProjections } from './records/placement.ts';
import { type PluginRecord, pluginProjections } from './records/plugin.ts';
import { type PodRecord, podProjections } from './records/pod.ts';
import { type ProbeRecord, probeProjections } from './records/probe.ts';
import { type ResizeRecord, resizeProjections } from './records/resize.ts';
import { type ResourceRecord, resourceProjections } from './records/resource.ts';
import { type RuntimeRecord, runtimeProjections } from './records/runtime.ts';
import { type ServerRecord, serverProjections } from './records/server.ts';
import { type ShutdownRecord, shutdownProjections } from './records/shutdown.ts';
import { type SourceRecord, sourceProjections } from './records/source.ts';
import { type VolumeRecord, volumeProjections } from './records/volume.ts';

/**
 * Everything that happens in the kubelet, one typed record each: inputs, decisions with their reason, actions,
 * outcomes with how long they took. Log lines, metrics, Events and the live view are all made from these.
 */
export type JournalRecord =
  | CertificateRecord
  | EvictionRecord
  | ImageGarbageRecord
  | DeviceRecord
  | DynamicRecord
  | ImageRecord
  | NodeRecord
  | PlacementRecord
  | PluginRecord
  | PodRecord
  | ProbeRecord
  | ResizeRecord
  | ResourceRecord
  | RuntimeRecord
  | ServerRecord
  | ShutdownRecord
  | SourceRecord
  | VolumeRecord;

export const projections: Projections<JournalRecord> = {
  ...certificateProjections,
  ...evictionProjections,
  ...imageGarbageProjections,
  ...deviceProjections,
  ...dynamicProjections,
  ...imageProjections,
  ...nodeProjections,
  ...placementProjections,
  ...pluginProjections,
  ...podProjections,
  ...probeProjections,
  ...resizeProjections,
  ...resourceProjections,
  ...runtimeProjections,
  ...serverProjections,
  ...shutdownProjections,
  ...sourceProjections,
  ...volumeProjections,
};
