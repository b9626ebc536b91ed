import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { KubeApi } from '../../api/port.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { NodeStorage, PodObjects } from '../parts.ts';
import type { PluginHandler } from '../plugins/index.ts';
import { podReference, uidOf } from '../pod-facts.ts';
import { expectBlockDevice, linkDevice } from '../volumes/device-link.ts';
import { attachments, type NodeAgreement, uniqueVolumeName } from './attachments.ts';
import { connectDriver, type Driver } from './driver.ts';
import { decideExpansion, expandForClaim } from './expansion.ts';
import { announceDriver, withdrawDriver } from './node-object.ts';
import { nodeStorage } from './node-storage.ts';
import { driverObjects, isAttachable } from './objects.ts';
import {
  attachmentName,
  blockPlaces,
  mountedPlaces,
  type PublishedVolume,
  publishedVolumes,
  readVolumeData,
  stagingFolder,
  type VolumePlaces,
  volumesOf,
  writeVolumeData,
} from './places.ts';
import { type CsiVolume, computeCapability, computePodInfo, findLifecycleProblem, takesGroup } from './request.ts';
import { computeDrivenUsage, type DrivenUsage } from './volume-stats.ts';

export { NotAttachedYet } from './attachments.ts';
export { type CsiVolume, inlineVolume, persistentCsiVolume } from './request.ts';

export interface CsiOptions {
  readonly rootDir: string;
  readonly nodeName: string;
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly token: PodObjects['token'];
  readonly node: NodeAgreement;
  /** A pod whose volume was not attached yet may be tried again. */
  readonly onAttached: (podUid: string) => void;
}

export interface CsiSetUp {
  /** `<pod>/volumes/kubernetes.io~csi/<name>` */
  readonly folder: string;
  /** Given to the pod's group, as the pod's policy says. */
  readonly giveToGroup: (folder: string, readOnly: boolean) => Promise<void>;
}

/** Volumes of storage drivers. */
export interface CsiVolumes extends NodeStorage {
  readonly handler: PluginHandler;
  /** Stages and publishes a volume; answers where. Again for one that is published: brings it up to date. */
  setUp(pod: Pod, volume: CsiVolume, where: CsiSetUp): Promise<string>;
  /** The driver wants the volume to be published again with each sync. */
  isRepublished(podUid: string, specName: string): boolean;
  /** The volume's driver can grow it while the pod has it. */
  isExpandable(podUid: string, specName: string): boolean;
  /** Grows a published volume if its claim wants that. Never rejects: the volume is good at its old size. */
  expand(pod: Pod, volume: CsiVolume, bound: BoundClaim): Promise<void>;
  /**
   * How full the volume in `<pod>/volumes/kubernetes.io~csi/<name>` is; undefined when its driver does not tell.
   * Rejects with the driver's error.
   */
  usage(folder: string): Promise<DrivenUsage | undefined>;
  /**
   * Unpublishes a pod's volumes, and unstages those that no pod has any more. `release` is called before, when there
   * are any: nothing else may hold them. Rejects with what is left undone.
   */
  tearDown(podUid: string, release: () => Promise<void>): Promise<void>;
}

/** The claim that a volume was asked for by, and its volume's object. */
export interface BoundClaim {
  readonly claim: PersistentVolumeClaim;
  readonly pv: PersistentVolume;
  /** `<pod>/volumes/kubernetes.io~csi/<name>` */
  readonly folder: string;
}

const removeFolder = (folder: string): Promise<void> =>
  rmdir(folder).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });

/** Serves the volumes of whichever drivers register. */
export function csiVolumes({
  rootDir,
  nodeName,
  api,
  clock,
  journal,
  token,
  node,
  onAttached,
}: CsiOptions): CsiVolumes {
  const { specOf, secretOf, publishContextOf, tokensOf } = driverObjects(api, nodeName, token);
  const attached = attachments(node, onAttached);
  const drivers = new Map<string, { readonly driver: Driver; readonly socket: string }>();
  /** Volumes that this run has published, and whether that is done with each sync. */
  const published = new Map<string, { readonly again: boolean; readonly expands: boolean }>();
  /** What is under way for a staged volume: one thing at a time. */
  const busy = new Map<string, Promise<unknown>>();

  function driverOf(name: string): Driver {
    const known = drivers.get(name);
    if (known === undefined) throw new Error(`driver name ${name} not found in the list of registered CSI drivers`);
    return known.driver;
  }

  async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (busy.get(key) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => undefined);
    busy.set(key, settled);
    try {
      return await turn;
    } finally {
      if (busy.get(key) === settled) busy.delete(key);
    }
  }

  const placesOf = (podUid: string, volume: CsiVolume, folder: string): VolumePlaces =>
    volume.block
      ? blockPlaces(rootDir, podUid, volume.specName)
      : mountedPlaces(stagingFolder(rootDir, volume.driver, volume.handle), folder);

  async function setUp(pod: Pod, volume: CsiVolume, { folder, giveToGroup }: CsiSetUp): Promise<string> {
    const key = `${uidOf(pod)}/${volume.specName}`;
    const places = placesOf(uidOf(pod), volume, folder);
    const { staged, target } = places;
    if (published.get(key)?.again === false) return target;
    const driver = driverOf(volume.driver);
    const spec = await specOf(volume.driver);
    const problem = findLifecycleProblem(volume, spec);
    if (problem !== undefined) throw new Error(problem);
    if (isAttachable(volume.inline, spec)) attached.use(uniqueVolumeName(volume.driver, volume.handle), uidOf(pod));
    const publishContext = await publishContextOf(volume, spec);
    const group = pod.spec?.securityContext?.fsGroup;
    const capability = computeCapability(volume, driver.exactAccessModes, driver.givesGroup ? group : undefined);
    const isStaged = driver.stages && !volume.inline;
    const stagingTargetPath = isStaged ? staged : '';
    const common = { volumeId: volume.handle, publishContext, stagingTargetPath, volumeCapability: capability };
    await inTurn(staged, async () => {
      if (isStaged && !published.has(key)) {
        const secrets = await secretOf(volume.stageSecret);
        if (!volume.block)
          await writeVolumeData(dirname(staged), { volumeHandle: volume.handle, driverName: volume.driver });
        await mkdir(staged, { recursive: true, mode: 0o750 });
        await driver.stage({ ...common, secrets, volumeContext: { ...volume.attributes } });
      }
      const secrets = await secretOf(volume.publishSecret);
      const volumeContext = {
        ...volume.attributes,
        ...(spec?.podInfoOnMount === true ? computePodInfo(pod, volume.inline) : {}),
        ...(await tokensOf(pod, spec)),
      };
      await writeVolumeData(places.data, {
        specVolID: volume.specName,
        volumeHandle: volume.handle,
        driverName: volume.driver,
        nodeName,
        volumeLifecycleMode: volume.inline ? 'Ephemeral' : 'Persistent',
        attachmentID: attachmentName(volume.handle, volume.driver, nodeName),
      });
      if (volume.block) {
        await linkDevice(places.mark, target);
        await mkdir(dirname(target), { recursive: true, mode: 0o750 });
      }
      await driver.publish({ ...common, secrets, volumeContext, targetPath: target, readonly: volume.readOnly });
    });
    if (volume.block) await expectBlockDevice(target);
    else if (
      !published.has(key) &&
      !driver.givesGroup &&
      group !== undefined &&
      takesGroup(volume, spec?.fsGroupPolicy)
    )
      await giveToGroup(target, volume.readOnly);
    published.set(key, { again: spec?.requiresRepublish === true, expands: driver.expands && !volume.inline });
    return target;
  }

  async function expand(pod: Pod, volume: CsiVolume, { claim, pv, folder }: BoundClaim): Promise<void> {
    const wanted = decideExpansion(claim, pv, volume.readOnly);
    if (wanted.action === 'none' || published.get(`${uidOf(pod)}/${volume.specName}`)?.expands !== true) return;
    const tell = { object: podReference(pod), volume: volume.specName, nodeName };
    try {
      const driver = driverOf(volume.driver);
      const { staged, target } = placesOf(uidOf(pod), volume, folder);
      const secrets = await secretOf(volume.expandSecret);
      await inTurn(staged, () =>
        expandForClaim(api, claim, wanted, (requiredBytes) =>
          driver.expand({
            volumeId: volume.handle,
            volumePath: target,
            stagingTargetPath: driver.stages ? staged : '',
            capacityRange: { requiredBytes, limitBytes: 0n },
            volumeCapability: computeCapability(volume, driver.exactAccessModes, undefined),
            secrets,
          }),
        ),
      );
      journal.write({ kind: 'volume.expanded', ...tell });
    } catch (error) {
      journal.write({ kind: 'volume.expansionFailed', ...tell, reason: messageOf(error) });
    }
  }

  async function usage(folder: string): Promise<DrivenUsage | undefined> {
    const data = await readVolumeData(folder);
    const driver = data && drivers.get(data.driverName)?.driver;
    if (data === undefined || driver?.measures !== true) return undefined;
    return computeDrivenUsage(await driver.measure(data.volumeHandle, join(folder, 'mount')));
  }

  async function isPublishedElsewhere({ places, data }: PublishedVolume): Promise<boolean> {
    for await (const other of publishedVolumes(rootDir)) {
      const isSame = other.data.driverName === data.driverName && other.data.volumeHandle === data.volumeHandle;
      if (isSame && other.places.mark !== places.mark) return true;
    }
    return false;
  }

  async function unpublish(volume: PublishedVolume): Promise<void> {
    const { places, data, block } = volume;
    const { staged, target } = places;
    const driver = driverOf(data.driverName);
    await inTurn(staged, async () => {
      await driver.unpublish(data.volumeHandle, target);
      // The driver removes it; a file or an empty folder that is left may go, one with content is still mounted.
      await (block ? rm(target, { force: true }) : removeFolder(target));
      const isLast = !(await isPublishedElsewhere(volume));
      if (isLast && (block || (await readVolumeData(dirname(staged))) !== undefined)) {
        if (driver.stages) await driver.unstage(data.volumeHandle, staged);
        await removeFolder(staged);
        if (!block) {
          await rm(join(dirname(staged), 'vol_data.json'), { force: true });
          await rmdir(dirname(staged));
        }
      }
      // Last, so that whatever failed begins again here.
      if (!block || isLast) await rm(join(places.data, 'vol_data.json'), { force: true });
      if (block) await rm(places.mark, { force: true });
      else await rmdir(places.mark);
      if (block && isLast)
        for (const folder of [places.data, dirname(places.data), dirname(target)]) await removeFolder(folder);
    });
  }

  return {
    handler: {
      async register({ name, socket }) {
        const onCall = (call: { method: string; ms: number; code: string }): void =>
          void journal.write({ kind: 'csi.called', driver: name, ...call });
        const driver = await connectDriver(socket, onCall);
        try {
          await announceDriver(api, nodeName, name, driver.info);
        } catch (error) {
          driver.close();
          throw new Error(`error updating CSINode object with CSI driver node info: ${messageOf(error)}`, {
            cause: error,
          });
        }
        drivers.get(name)?.driver.close();
        drivers.set(name, { driver, socket });
      },
      unregister({ name, socket }) {
        const known = drivers.get(name);
        if (known?.socket !== socket) return;
        known.driver.close();
        drivers.delete(name);
        void withdrawDriver(api, nodeName, name).catch((error: unknown) =>
          journal.write({ kind: 'csi.nodeFailed', reason: messageOf(error) }),
        );
      },
    },
    ...nodeStorage({ rootDir, nodeName, api, clock, journal, specOf, node, attached }),
    setUp,
    isRepublished: (podUid, specName) => published.get(`${podUid}/${specName}`)?.again === true,
    isExpandable: (podUid, specName) => published.get(`${podUid}/${specName}`)?.expands === true,
    expand,
    usage,
    async tearDown(podUid, release) {
      const volumes = await volumesOf(rootDir, podUid);
      if (volumes.length > 0) await release();
      for (const volume of volumes) await unpublish(volume);
      for (const key of published.keys()) if (dirname(key) === podUid) published.delete(key);
      attached.release(podUid);
    },
  };
}
