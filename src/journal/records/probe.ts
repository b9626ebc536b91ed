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
      readonly podUid: string;
      readonly containerId: string;
      readonly result: 'success' | 'failure' | 'unknown';
    };

const titles: Readonly<Record<Kind, string>> = { liveness: 'Liveness', readiness: 'Readiness', startup: 'Startup' };

const metricResult: Readonly<Record<Outcome['kind'], string>> = {
  success: 'successful',
  warning: 'successful',
  failure: 'failed',
  error: 'unknown',
};

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
      if (outcome.kind === 'error') return info(1, 'Probe errored', { err: outcome.message, ...fields });
      return info(
        outcome.kind === 'failure' ? 1 : 3,
        outcome.kind === 'failure' ? 'Probe failed' : 'Probe succeeded with a warning',
        {
          ...fields,
          output: outcome.output,
        },
      );
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
    measure: ({ probe, object, container, outcome, ms }, meters) => {
      const labels = {
        probe_type: titles[probe],
        container,
        pod: object.name ?? '',
        namespace: object.namespace ?? '',
      };
      meters.count('prober_probe_total', { ...labels, result: metricResult[outcome.kind], pod_uid: object.uid ?? '' });
      meters.observe('prober_probe_duration_seconds', ms / 1000, labels);
    },
  },
  'probe.settled': {
    log: ({ probe, podUid, containerId, result }) =>
      info(1, 'SyncLoop (probe)', {
        probe,
        status: result === 'success' ? 'ready' : result,
        podUID: podUid,
        containerID: containerId,
      }),
  },
};
