import type { ObjectReference } from '../../api/types.ts';
import { info, type Projections, warningEvent } from '../projection.ts';

type Kind = 'liveness' | 'readiness' | 'startup';
type Outcome =
  | { readonly kind: 'success' }
  | { readonly kind: 'warning'; readonly output: string }
  | { readonly kind: 'failure'; readonly output: string }
  | { readonly kind: 'error'; readonly message: string; readonly state?: 'failure' };

/** What the probes tell. */
export type ProbeRecord =
  | {
      readonly kind: 'probe.attempted';
      readonly probe: Kind;
      readonly object: ObjectReference;
      readonly container: string;
      readonly containerId: string;
      readonly outcome: Outcome;
      readonly ms: number;
    }
  | {
      readonly kind: 'probe.settled';
      readonly probe: Kind;
      readonly pod: string;
      readonly podUid: string;
      readonly containerId: string;
      readonly result: 'success' | 'failure' | 'unknown';
    }
  /** The container is not probed any more in this way. */
  | {
      readonly kind: 'probe.ended';
      readonly probe: Kind;
      readonly object: ObjectReference;
      readonly container: string;
    };

const titles: Readonly<Record<Kind, string>> = { liveness: 'Liveness', readiness: 'Readiness', startup: 'Startup' };

/** What upstream says of results that a pod is synced for. */
const statuses: Readonly<Record<Kind, (succeeded: boolean) => string>> = {
  liveness: () => 'unhealthy',
  readiness: (succeeded) => (succeeded ? 'ready' : 'not ready'),
  startup: (succeeded) => (succeeded ? 'started' : 'unhealthy'),
};

const labelsOf = (probe: Kind, container: string, { name = '', namespace = '' }: ObjectReference) => ({
  probe_type: titles[probe],
  container,
  pod: name,
  namespace,
});

export const probeProjections: Projections<ProbeRecord> = {
  'probe.attempted': {
    log: ({ probe, object, container, outcome }) => {
      const fields = {
        probeType: titles[probe],
        pod: `${object.namespace}/${object.name}`,
        podUID: object.uid,
        containerName: container,
      };
      if (outcome.kind === 'success') return info(3, 'Probe succeeded', fields);
      if (outcome.kind === 'error') {
        return info(1, 'Probe errored', { ...fields, probeResult: outcome.state ?? 'unknown', err: outcome.message });
      }
      const { output } = outcome;
      if (outcome.kind === 'warning') return info(3, 'Probe succeeded with a warning', { ...fields, output });
      return info(1, 'Probe failed', { ...fields, probeResult: 'failure', output });
    },
    event: ({ probe, object, outcome }) => {
      const title = titles[probe];
      if (outcome.kind === 'failure')
        return warningEvent(object, 'Unhealthy', `${title} probe failed: ${outcome.output}`);
      if (outcome.kind === 'warning')
        return warningEvent(object, 'ProbeWarning', `${title} probe warning: ${outcome.output}`);
      if (outcome.kind === 'error') {
        return warningEvent(
          object,
          'Unhealthy',
          `${title} probe errored and resulted in ${outcome.state ?? 'unknown'} state: ${outcome.message}`,
        );
      }
      return undefined;
    },
    // What was no attempt at all is not counted, and only those that succeed are timed.
    measure: ({ probe, object, container, outcome, ms }, meters) => {
      if (outcome.kind === 'error') return;
      const labels = labelsOf(probe, container, object);
      const result = outcome.kind === 'failure' ? 'failed' : 'successful';
      meters.count('prober_probe_total', { ...labels, result, pod_uid: object.uid ?? '' });
      if (result === 'successful') meters.observe('prober_probe_duration_seconds', ms / 1000, labels);
    },
  },
  'probe.settled': {
    log: ({ probe, pod, result }) =>
      probe === 'liveness' && result !== 'failure'
        ? undefined
        : info(1, 'SyncLoop (probe)', { probe, status: statuses[probe](result === 'success'), pod }),
  },
  'probe.ended': {
    measure: ({ probe, object, container }, meters) => {
      const labels = labelsOf(probe, container, object);
      for (const result of ['successful', 'failed'])
        meters.forget('prober_probe_total', { ...labels, result, pod_uid: object.uid ?? '' });
      meters.forget('prober_probe_duration_seconds', labels);
    },
  },
};
