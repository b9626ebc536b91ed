import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isNotFound } from '../../api/errors.ts';
import type { KubeApi } from '../../api/port.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/types.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { PodObjects } from '../parts.ts';
import type { PluginHandler } from '../plugins/index.ts';
import { podReference, uidOf } from '../pod-facts.ts';
import { connectDriver, type Driver } from './driver.ts';
import { decideExpansion, expandForClaim } from './expansion.ts';
import { announceDriver } from './node-object.ts';
import { attachmentName, readVolumeData, stagingFolder, type VolumeData, writeVolumeData } from './places.ts';
import {
  type CsiVolume,
  computeCapability,
  computePodInfo,
  type DriverSpec,
  findLifecycleProblem,
  type SecretPlace,
  takesGroup,
} from './request.ts';
import { computeDrivenUsage, type DrivenUsage } from './volume-stats.ts';

export { type CsiVolume, inlineVolume, persistentCsiVolume } from './request.ts';

export interface CsiOptions {
  readonly rootDir: string;
  readonly nodeName: string;
  readonly api: KubeApi;
  readonly journal: Journal;
  readonly token: PodObjects['token'];
}

export interface CsiSetUp {
  /** `<pod>/volumes/kubernetes.io~csi/<name>` */
  readonly folder: string;
  /** Given to the pod's group, as the pod's policy says. */
  readonly giveToGroup: (folder: string, readOnly: boolean) => Promise<void>;
}

/** Volumes of storage drivers. */
export interface CsiVolumes {
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

interface Attachment {
  readonly status?: { readonly attached?: boolean; readonly attachmentMetadata?: Readonly<Record<string, string>> };
}

const storage = '/apis/storage.k8s.io/v1';
const pluginFolder = 'kubernetes.io~csi';

const list = (folder: string): Promise<readonly string[]> =>
  readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });

/** Serves the volumes of whichever drivers register. */
export function csiVolumes({ rootDir, nodeName, api, journal, token }: CsiOptions): CsiVolumes {
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
    if (inline || spec?.attachRequired === false) return {};
    const name = attachmentName(handle, driver, nodeName);
    const { status } = await api.get<Attachment>(`${storage}/volumeattachments/${name}`);
    if (status?.attached !== true) throw new Error(`volume ${handle} is not attached to this node yet (${name})`);
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

  async function setUp(pod: Pod, volume: CsiVolume, { folder, giveToGroup }: CsiSetUp): Promise<string> {
    const known = published.get(`${uidOf(pod)}/${volume.specName}`);
    if (known?.again === false) return join(folder, 'mount');
    const driver = driverOf(volume.driver);
    const spec = await specOf(volume.driver);
    const problem = findLifecycleProblem(volume, spec);
    if (problem !== undefined) throw new Error(problem);
    const publishContext = await publishContextOf(volume, spec);
    const group = pod.spec?.securityContext?.fsGroup;
    const capability = computeCapability(volume, driver.exactAccessModes, driver.givesGroup ? group : undefined);
    const staging = stagingFolder(rootDir, volume.driver, volume.handle);
    const isStaged = driver.stages && !volume.inline;
    const stagingTargetPath = isStaged ? join(staging, 'globalmount') : '';
    const target = join(folder, 'mount');
    const common = { volumeId: volume.handle, publishContext, stagingTargetPath, volumeCapability: capability };
    const key = `${uidOf(pod)}/${volume.specName}`;
    await inTurn(staging, async () => {
      if (isStaged && !published.has(key)) {
        const secrets = await secretOf(volume.stageSecret);
        await writeVolumeData(staging, { volumeHandle: volume.handle, driverName: volume.driver });
        await mkdir(stagingTargetPath, { recursive: true, mode: 0o750 });
        await driver.stage({ ...common, secrets, volumeContext: { ...volume.attributes } });
      }
      const secrets = await secretOf(volume.publishSecret);
      const volumeContext = {
        ...volume.attributes,
        ...(spec?.podInfoOnMount === true ? computePodInfo(pod, volume.inline) : {}),
        ...(await tokensOf(pod, spec)),
      };
      await writeVolumeData(folder, {
        specVolID: volume.specName,
        volumeHandle: volume.handle,
        driverName: volume.driver,
        nodeName,
        volumeLifecycleMode: volume.inline ? 'Ephemeral' : 'Persistent',
        attachmentID: attachmentName(volume.handle, volume.driver, nodeName),
      });
      await driver.publish({ ...common, secrets, volumeContext, targetPath: target, readonly: volume.readOnly });
    });
    if (!published.has(key) && !driver.givesGroup && group !== undefined && takesGroup(volume, spec?.fsGroupPolicy))
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
      const staging = stagingFolder(rootDir, volume.driver, volume.handle);
      const staged = driver.stages ? join(staging, 'globalmount') : '';
      const secrets = await secretOf(volume.expandSecret);
      await inTurn(staging, () =>
        expandForClaim(api, claim, wanted, (requiredBytes) =>
          driver.expand({
            volumeId: volume.handle,
            volumePath: join(folder, 'mount'),
            stagingTargetPath: staged,
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

  async function isPublishedElsewhere(own: string, { driverName, volumeHandle }: VolumeData): Promise<boolean> {
    for (const uid of await list(join(rootDir, 'pods'))) {
      const volumes = join(rootDir, 'pods', uid, 'volumes', pluginFolder);
      for (const name of await list(volumes)) {
        const folder = join(volumes, name);
        if (folder === own) continue;
        const data = await readVolumeData(folder);
        if (data?.driverName === driverName && data.volumeHandle === volumeHandle) return true;
      }
    }
    return false;
  }

  async function unpublish(folder: string, data: VolumeData): Promise<void> {
    const { driverName, volumeHandle } = data;
    const driver = driverOf(driverName);
    const staging = stagingFolder(rootDir, driverName, volumeHandle);
    await inTurn(staging, async () => {
      const target = join(folder, 'mount');
      await driver.unpublish(volumeHandle, target);
      // The driver removes its folder; one that is left and empty may go, one with content is still mounted.
      await rmdir(target).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
      });
      const staged = join(staging, 'globalmount');
      if ((await readVolumeData(staging)) !== undefined && !(await isPublishedElsewhere(folder, data))) {
        if (driver.stages) await driver.unstage(volumeHandle, staged);
        await rmdir(staged).catch((error: unknown) => {
          if (codeOf(error) !== 'ENOENT') throw error;
        });
        await rm(join(staging, 'vol_data.json'), { force: true });
        await rmdir(staging);
      }
      // Last, so that whatever failed begins again here.
      await rm(join(folder, 'vol_data.json'), { force: true });
      await rmdir(folder);
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
      },
    },
    setUp,
    isRepublished: (podUid, specName) => published.get(`${podUid}/${specName}`)?.again === true,
    isExpandable: (podUid, specName) => published.get(`${podUid}/${specName}`)?.expands === true,
    expand,
    usage,
    async tearDown(podUid, release) {
      const volumes = join(rootDir, 'pods', podUid, 'volumes', pluginFolder);
      const names = await list(volumes);
      if (names.length > 0) await release();
      for (const name of names) {
        const folder = join(volumes, name);
        const data = await readVolumeData(folder);
        if (data !== undefined) await unpublish(folder, data);
      }
      for (const key of published.keys()) if (dirname(key) === podUid) published.delete(key);
    },
  };
}
