import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Meters } from '../../journal/projection.ts';
import type { Feature } from '../config/index.ts';
import { isStaticPod } from '../pod-facts.ts';

export interface OwnGaugesOptions {
  readonly meters: Meters;
  readonly clock: Clock;
  /** `v1.37.2` */
  readonly version: string;
  readonly features: readonly Feature[];
  readonly cgroupVersion: number;
  readonly workers: {
    uids(): readonly string[];
    phaseOf(uid: string): 'syncing' | 'terminating' | 'terminated' | 'finished' | undefined;
  };
  readonly podByUid: (uid: string) => Pod | undefined;
  /** PEM files of the certificates that are renewed, by the part they belong to; one that is missing is not told. */
  readonly certificates: { readonly client: string; readonly server: string };
}

const lifecycles = { syncing: 'sync', terminating: 'terminating', terminated: 'terminated', finished: 'terminated' };

/** The plugin's name of each kind of volume that is not simply `kubernetes.io/` and the kind in small letters. */
const pluginNames: Readonly<Record<string, string>> = {
  emptyDir: 'kubernetes.io/empty-dir',
  hostPath: 'kubernetes.io/host-path',
  downwardAPI: 'kubernetes.io/downward-api',
};

const pluginOf = (volume: object): string | undefined => {
  const kind = Object.keys(volume).find((key) => key !== 'name');
  return kind === undefined ? undefined : (pluginNames[kind] ?? `kubernetes.io/${kind.toLowerCase()}`);
};

function countBy<T>(items: Iterable<T>, keyOf: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

function endOf(path: string): number | undefined {
  try {
    return new X509Certificate(readFileSync(path)).validToDate.getTime();
  } catch {
    return undefined;
  }
}

/** Tells of the kubelet itself: its version, features, workers, volumes and certificates; called before metrics are shown. */
export function ownGauges(options: OwnGaugesOptions): () => void {
  const { meters, clock, version, workers, podByUid, certificates } = options;
  const [major = '', minor = ''] = version.slice(1).split('.');
  meters.gauge('kubernetes_build_info', 1, {
    git_version: version,
    major,
    minor,
    platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  });
  for (const { name, stage, enabled } of options.features)
    meters.gauge('kubernetes_feature_enabled', enabled ? 1 : 0, { name, stage });
  meters.gauge('kubelet_cgroup_version', options.cgroupVersion);

  /** A series that has gone to nothing is told as 0, or it would keep its last value. */
  const told = new Map<string, Readonly<Record<string, string>>>();
  function tell(name: string, counts: ReadonlyMap<string, number>): void {
    for (const key of counts.keys()) told.set(`${name} ${key}`, JSON.parse(key));
    for (const [known, labels] of told) {
      if (!known.startsWith(`${name} `)) continue;
      meters.gauge(name, counts.get(known.slice(name.length + 1)) ?? 0, labels);
    }
  }

  return () => {
    tell(
      'kubelet_working_pods',
      countBy(workers.uids(), (uid) => {
        const pod = podByUid(uid);
        const lifecycle = lifecycles[workers.phaseOf(uid) ?? 'finished'];
        const isStatic = pod !== undefined && isStaticPod(pod) ? 'true' : '';
        return JSON.stringify({ lifecycle, config: pod === undefined ? 'orphan' : 'desired', static: isStatic });
      }),
    );
    const volumes = workers.uids().flatMap((uid) => podByUid(uid)?.spec?.volumes ?? []);
    tell(
      'volume_manager_total_volumes',
      countBy(
        volumes.flatMap((volume) => pluginOf(volume) ?? []),
        (plugin) => JSON.stringify({ plugin_name: plugin, state: 'desired_state_of_world' }),
      ),
    );
    for (const [part, path] of Object.entries(certificates)) {
      const end = endOf(path);
      if (end === undefined) continue;
      meters.gauge(`kubelet_certificate_manager_${part}_ttl_seconds`, Math.round((end - clock.now()) / 1000));
    }
  };
}
