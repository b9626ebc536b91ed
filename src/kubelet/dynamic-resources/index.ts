import { join } from 'node:path';
import type { KubeApi } from '../../api/port.ts';
import type { Pod, ResourceClaim } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { GrpcError } from '../../cri/grpc-status.ts';
import type { Journal } from '../../journal/journal.ts';
import type { ResourceStatus } from '../devices/index.ts';
import type { RunnableContainer } from '../parts.ts';
import type { PluginHandler } from '../plugins/index.ts';
import { namespaceOf, podReference, uidOf } from '../pod-facts.ts';
import { claimsOf, devicesWantedBy, driversOf, findClaimProblem } from './claims.ts';
import type { DriverPlugin } from './driver.ts';
import { resourceDrivers } from './drivers.ts';
import { deviceHealth } from './health.ts';
import { claimLedger } from './ledger.ts';
import { type ClaimInUse, devicesOf, keyOf, type PreparedDevice } from './prepared.ts';
import { asRequest, byDriver, findAnswerProblem } from './requests.ts';

export { type ClaimInUse, devicesOf } from './prepared.ts';

export interface DynamicResourcesOptions {
  readonly rootDir: string;
  readonly nodeName: string;
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly journal: Journal;
  /** The pods that hold resources of the node. */
  readonly activePods: () => readonly Pod[];
  /** Nobody is missing before every source of pods has spoken. */
  readonly sourcesReady: () => boolean;
  /** A device of the pod fell ill or is well again. */
  readonly onHealth: (podUid: string) => void;
}

/** Devices that pods claim, and drivers make ready for them. */
export interface DynamicResources {
  readonly handler: PluginHandler;
  /**
   * Has the drivers make ready what the pod claims. Rejects, after the pod's Event was written, with what is in the way;
   * then it is to be tried again.
   */
  prepare(pod: Pod): Promise<void>;
  /** The pod's containers have ended: gives back what no other pod uses. Rejects with what is left undone. */
  unprepare(podUid: string): Promise<void>;
  /** Whether something of the pod's is still to be given back. */
  holds(podUid: string): boolean;
  /** By CDI's names, what the container is given. Throws when it was not made ready. */
  cdiDevices(pod: Pod, container: RunnableContainer): readonly string[];
  /** The claims that the container uses, with their devices. */
  claimsOf(pod: Pod, container: RunnableContainer): readonly ClaimInUse[];
  /** How the devices of the container's claims are. */
  healthOf(pod: Pod, containerName: string): readonly ResourceStatus[];
  run(signal: AbortSignal): Promise<void>;
}

const reconcileMs = 60_000;
const healthRetryMs = 5000;

/** With what an earlier run left in its checkpoint; throws when that cannot be read. */
export function dynamicResources(options: DynamicResourcesOptions): DynamicResources {
  const { api, clock, journal, rootDir, nodeName } = options;
  const ledger = claimLedger(join(rootDir, 'dra_manager_state'), journal);
  const { inUse, prepared, leaving, update, save } = ledger;
  const health = deviceHealth({ path: join(rootDir, 'dra_health_state'), clock, journal });
  const following = new Set<Promise<void>>();
  const drivers = resourceDrivers({
    nodeName,
    api,
    clock,
    journal,
    onPlugin(driver, plugin, signal) {
      const ended = followHealth(driver, plugin, signal).finally(() => following.delete(ended));
      following.add(ended);
    },
  });

  /** The claims of the pod, with all that could be in the way found before anything is done. */
  async function readClaims(pod: Pod): Promise<readonly ResourceClaim[]> {
    const found: ResourceClaim[] = [];
    for (const referred of claimsOf(pod)) {
      const { name } = referred;
      const claim = await api
        .get<ResourceClaim>(`/apis/resource.k8s.io/v1/namespaces/${namespaceOf(pod)}/resourceclaims/${name}`)
        .catch((error: unknown) => {
          throw new Error(`fetch ResourceClaim ${name}: ${messageOf(error)}`, { cause: error });
        });
      const problem = findClaimProblem(pod, claim, referred);
      if (problem !== undefined) throw new Error(problem);
      for (const driver of driversOf(claim)) drivers.get(driver);
      found.push(claim);
    }
    return found;
  }

  async function prepareAll(pod: Pod): Promise<void> {
    const claims = await readClaims(pod);
    if (claims.length === 0) return;
    const booked = claims.map((claim) => ledger.book(pod, claim));
    await save();
    const missing = booked.filter(({ uid }) => !prepared.has(uid));
    for (const [driver, wanted] of byDriver(missing)) {
      const { claims: answers } = await drivers.get(driver).prepare(wanted.map(asRequest));
      const problem = findAnswerProblem('NodePrepareResources', wanted, answers);
      if (problem !== undefined) throw new Error(problem);
      for (const { uid, namespace, name } of wanted) {
        const now = inUse.get(keyOf(namespace, name));
        const devices = (answers[uid]?.devices ?? []).map(
          ({ poolName, deviceName, shareId, requestNames, cdiDeviceIds }): PreparedDevice => ({
            pool: poolName,
            device: deviceName,
            shareId,
            requests: requestNames,
            cdiIds: cdiDeviceIds,
          }),
        );
        if (now !== undefined) update({ ...now, drivers: new Map([...now.drivers, [driver, devices]]) });
      }
    }
    for (const { uid } of booked) prepared.add(uid);
    await save();
  }

  async function unprepareAll(podUid: string): Promise<void> {
    const own = [...inUse.values()].filter(({ podUids }) => podUids.has(podUid));
    if (own.length === 0) return;
    const shared = own.filter(({ podUids }) => podUids.size > 1);
    for (const claim of shared)
      update({ ...claim, podUids: new Set([...claim.podUids].filter((uid) => uid !== podUid)) });
    const last = own.filter(({ podUids }) => podUids.size === 1);
    for (const { uid } of last) leaving.add(uid);
    for (const [driver, wanted] of byDriver(last)) {
      const { claims: answers } = await drivers.get(driver).unprepare(wanted.map(asRequest));
      const problem = findAnswerProblem('NodeUnprepareResources', wanted, answers);
      if (problem !== undefined) throw new Error(problem);
    }
    for (const { namespace, name, uid } of last) {
      inUse.delete(keyOf(namespace, name));
      prepared.delete(uid);
      leaving.delete(uid);
    }
    await save();
  }

  async function measured<T>(operation: 'PrepareResources' | 'UnprepareResources', work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const told = (failed: boolean) =>
      journal.write({ kind: 'dynamic.done', operation, failed, ms: performance.now() - startedAt });
    try {
      const result = await work();
      told(false);
      return result;
    } catch (error) {
      told(true);
      throw error;
    }
  }

  /** For those who only look: of a claim that is not made yet there is nothing to see. */
  function claimsSeenBy(pod: Pod, container: RunnableContainer): readonly ClaimInUse[] {
    try {
      const names = new Set(devicesWantedBy(pod, container).map(({ claim }) => claim));
      return [...names].map((name) => inUse.get(keyOf(namespaceOf(pod), name))).filter((claim) => claim !== undefined);
    } catch {
      return [];
    }
  }

  function claimOf(namespace: string, name: string): ClaimInUse {
    const found = inUse.get(keyOf(namespace, name));
    if (found === undefined)
      throw new Error(`internal error: unable to get claim info for ResourceClaim ${name} in namespace ${namespace}`);
    return found;
  }

  async function followHealth(driver: string, plugin: DriverPlugin, signal: AbortSignal): Promise<void> {
    while (plugin.health !== undefined && !signal.aborted) {
      try {
        for await (const report of plugin.health(signal)) {
          const changed = health.take(driver, report);
          const isChanged = (d: PreparedDevice): boolean =>
            changed.some(({ pool, device }) => pool === d.pool && device === d.device);
          for (const { drivers: prepared, podUids } of inUse.values())
            if (prepared.get(driver)?.some(isChanged)) podUids.forEach(options.onHealth);
        }
      } catch (error) {
        if (signal.aborted) return;
        // It has said that it can, and cannot.
        if (error instanceof GrpcError && error.code === 'Unimplemented') return;
        journal.write({
          kind: 'dynamic.problem',
          what: 'Watching the health of devices failed',
          error: messageOf(error),
        });
      } finally {
        health.forget(driver);
      }
      await clock.sleep(healthRetryMs, signal).catch(() => undefined);
    }
  }

  return {
    handler: drivers.handler,
    async prepare(pod) {
      try {
        await measured('PrepareResources', () => prepareAll(pod));
      } catch (error) {
        const problem = `prepare dynamic resources: ${messageOf(error)}`;
        journal.write({ kind: 'dynamic.prepareFailed', object: podReference(pod), error: problem });
        throw new Error(problem, { cause: error });
      }
    },
    async unprepare(podUid) {
      try {
        await measured('UnprepareResources', () => unprepareAll(podUid));
      } catch (error) {
        throw new Error(`unprepare dynamic resources: ${messageOf(error)}`, { cause: error });
      }
    },
    holds: (podUid) => [...inUse.values()].some(({ podUids }) => podUids.has(podUid)),
    cdiDevices: (pod, container) =>
      devicesWantedBy(pod, container).flatMap(({ claim, request }) =>
        devicesOf(claimOf(namespaceOf(pod), claim), request).flatMap(({ cdiIds }) => cdiIds),
      ),
    claimsOf: claimsSeenBy,
    healthOf(pod, containerName) {
      const container = pod.spec?.containers.find(({ name }) => name === containerName);
      return (container?.resources?.claims ?? []).flatMap(({ name, request }) => {
        const only = { ...container, resources: { claims: [{ name }] } } as RunnableContainer;
        const [claim] = claimsSeenBy(pod, only);
        const devices = claim === undefined ? [] : devicesOf(claim, request?.split('/')[0] || undefined);
        const resources = new Map(
          devices.map(({ driver, pool, device, cdiIds }) => {
            const { health: state, message } = health.get(driver, pool, device);
            const resourceID = cdiIds[0] ?? `${driver}/${pool}/${device}`;
            return [resourceID, { resourceID, health: state, ...(message === '' ? {} : { message }) }];
          }),
        );
        if (resources.size === 0) return [];
        return [{ name: request ? `claim:${name}/${request}` : `claim:${name}`, resources: [...resources.values()] }];
      });
    },
    async run(signal) {
      const reconcile = async (): Promise<void> => {
        while (!signal.aborted) {
          await clock.sleep(reconcileMs, signal).catch(() => undefined);
          if (signal.aborted || !options.sourcesReady()) continue;
          const active = new Set(options.activePods().map(uidOf));
          const users = new Set([...inUse.values()].flatMap(({ podUids }) => [...podUids]));
          for (const podUid of users) {
            if (active.has(podUid)) continue;
            await unprepareAll(podUid).catch((error: unknown) =>
              journal.write({
                kind: 'dynamic.problem',
                what: 'Unpreparing pod resources in reconcile loop failed, will retry',
                error: messageOf(error),
              }),
            );
          }
        }
      };
      await Promise.all([drivers.run(signal), reconcile()]);
      await Promise.all(following);
      await health.saved();
    },
  };
}
