import type { KubeApi } from '../../../api/port.ts';
import type { Clock } from '../../../base/clock.ts';
import type { Progress } from '../../../base/progress.ts';
import type { ContainerEngine } from '../../../engine/port.ts';
import { connectCluster } from '../../connect.ts';
import { nodesOf } from '../../list.ts';
import { stepRunner } from '../apply/install.ts';
import { readClusterSettings } from '../cluster-facts.ts';
import { noNetworkInstalled } from '../errors.ts';
import { findInstalled, idOf, type ObjectId, readRecord, renderRecord } from '../installed.ts';
import { readManifest } from '../manifest.ts';
import { planNetwork } from '../plan.ts';
import { loadManifest, type SourceOptions } from '../source.ts';
import { cleanNodes, detachPods } from './nodes.ts';
import { deleteObjects, knownCalicoObjects, union } from './objects.ts';

export interface RemoveCniOptions extends Omit<SourceOptions, 'check' | 'sha256'> {
  readonly engine: ContainerEngine;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly cluster: string;
  /** Whose objects are deleted, for a network that klab does not know: a path, a URL or `-`. */
  readonly manifest: string | undefined;
}

export interface RemovedCni {
  readonly networks: readonly string[];
  readonly nodes: readonly string[];
  readonly objects: number;
  /** Pods that lost their network: they start again with the next one. */
  readonly pods: readonly string[];
  /** What could not be cleaned up. */
  readonly problems: readonly string[];
}

/**
 * Removes a cluster's network: pods are taken off it while it still works, its objects are deleted, and on every node
 * its interfaces, routes, rules and files. Run again, it removes what is left. Throws CNI_NOT_INSTALLED.
 */
export async function removeCni(options: RemoveCniOptions): Promise<RemovedCni> {
  const { engine, cluster, signal } = options;
  const nodes = (await nodesOf(engine, cluster)).map(({ name }) => name);
  const api = await connectCluster(engine, cluster);
  try {
    const { networks, first, ids } = await whatIsThere(api, options);
    const run = stepRunner(options);
    const problems: string[] = [];
    const podUids = new Set<string>();
    const onPod = (uid: string): void => void podUids.add(uid);
    const onNodes = { engine, clock: options.clock, nodes, signal, problems };

    let objects = 0;
    if (first.length > 0) {
      await run("Stopping the network's agent", async (detail) => {
        objects += await deleteObjects(first, { ...options, api, detail, onPod });
      });
    }
    const pods = await run('Taking the pods off the network', () => detachPods(onNodes));
    await run("Deleting the network's objects", async (detail) => {
      objects += await deleteObjects(ids, { ...options, api, detail, onPod });
    });
    await run('Cleaning up the nodes', () => cleanNodes(networks, podUids, onNodes));
    return { networks, nodes, objects, pods, problems };
  } finally {
    api.closeConnections();
  }
}

interface WhatIsThere {
  readonly networks: readonly string[];
  /** Deleted before pods are taken off: an agent that would write its configuration anew, whose plugins need no agent. */
  readonly first: readonly ObjectId[];
  readonly ids: readonly ObjectId[];
}

/** The networks to remove and their objects: those klab noted, those of networks it knows, those of a given manifest. */
async function whatIsThere(api: KubeApi, options: RemoveCniOptions): Promise<WhatIsThere> {
  const { cluster, signal, manifest } = options;
  const installed = (await findInstalled(api, signal)).map(({ name }) => name);
  const record = await readRecord(api, signal);
  const given = manifest === undefined ? [] : await idsOfManifest(manifest, options);
  if (installed.length === 0 && given.length === 0) throw noNetworkInstalled(cluster);

  let ids: readonly ObjectId[] = given;
  if (record !== undefined) ids = union(ids, [...record.objects, idOf(renderRecord(record))]);
  if (installed.includes('calico')) ids = union(ids, await knownCalicoObjects(api, signal));
  const first = installed.includes('default') ? await defaultObjects(api, signal) : [];
  const other = manifest === undefined || installed.length > 0 ? [] : ['other'];
  return { networks: [...installed, ...other], first, ids };
}

async function idsOfManifest(manifest: string, options: RemoveCniOptions): Promise<readonly ObjectId[]> {
  const loaded = await loadManifest(
    { kind: 'given', source: manifest },
    { ...options, sha256: undefined, check: () => undefined },
  );
  return readManifest(loaded.text, loaded.source).parts.map(({ object }) => idOf(object));
}

async function defaultObjects(api: KubeApi, signal: AbortSignal): Promise<readonly ObjectId[]> {
  const facts = { mtu: 1500, tunnels: { ipip: false, vxlan: false } };
  const settings = await readClusterSettings(api, signal);
  return planNetwork({ kind: 'default' }, settings, facts, 'auto').objects.map(idOf);
}
