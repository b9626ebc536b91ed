import { isNotFound } from '../../../api/errors.ts';
import type { ApiObject, KubeApi } from '../../../api/port.ts';
import type { Clock } from '../../../base/clock.ts';
import { messageOf } from '../../../base/errors.ts';
import type { ContainerEngine } from '../../../engine/port.ts';
import { idOf } from '../installed.ts';
import { describeObject, isWorkload } from '../manifest.ts';
import { cleanNodes, detachPods } from '../remove/nodes.ts';
import { deleteObjects } from '../remove/objects.ts';
import type { AppliedObject } from './objects.ts';

export interface TakeBackOptions {
  readonly engine: ContainerEngine;
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly nodes: readonly string[];
}

/**
 * Takes back what was applied of a network: what was there before is as it was, the rest is deleted and, where its pods
 * may have begun, the nodes are cleaned. Answers what could not be done.
 */
export async function takeBack(
  network: string,
  applied: readonly AppliedObject[],
  { engine, api, clock, nodes }: TakeBackOptions,
): Promise<readonly string[]> {
  // Whoever aborted the work does not want what it began to stay.
  const { signal } = new AbortController();
  const problems: string[] = [];
  const tried = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => void problems.push(`${what}: ${messageOf(error)}`));
  };
  const created = applied.filter(({ before }) => before === undefined).map(({ object }) => object);
  const began = created.some(isWorkload);
  const onNodes = { engine, clock, nodes, signal, problems };
  const podUids = new Set<string>();
  const onPod = (uid: string): void => void podUids.add(uid);

  if (began) await tried('take pods off the network', () => detachPods(onNodes));
  for (const { object, path, before } of applied) {
    if (before === undefined) continue;
    await tried(`set ${describeObject(object)} back`, () => restore(api, path, before));
  }
  const detail = () => undefined;
  await tried('delete what was applied', () => deleteObjects(created.map(idOf), { api, clock, signal, detail, onPod }));
  if (began) await tried('clean up the nodes', () => cleanNodes([network], podUids, onNodes));
  return problems;
}

async function restore(api: KubeApi, path: string, before: ApiObject): Promise<void> {
  const { metadata, ...object } = before;
  const { resourceVersion: _, ...others } = metadata ?? {};
  try {
    await api.replace(path, { ...object, metadata: others });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
