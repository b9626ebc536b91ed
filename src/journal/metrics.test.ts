import { describe, expect, test } from 'vitest';
import { metricDefinitions } from './metric-definitions.ts';
import { createMetrics } from './metrics.ts';
import type { JournalRecord } from './record.ts';

type ProbeOutcome = Extract<JournalRecord, { kind: 'probe.attempted' }>['outcome'];

describe('createMetrics', () => {
  test('a record’s measurements are shown under their names', async () => {
    const { reader, all } = createMetrics();
    reader(
      {
        kind: 'server.answered',
        method: 'GET',
        path: 'pods',
        status: 200,
        serverType: 'readwrite',
        ms: 30,
        inFlight: 2,
      },
      0,
    );
    const text = await all();
    const labels = 'method="GET",path="pods",server_type="readwrite",long_running="false"';
    expect(text).toContain(`kubelet_http_requests_total{${labels}} 1`);
    expect(text).toContain(`kubelet_http_inflight_requests{${labels}} 2`);
    expect(text).toContain(`kubelet_http_requests_duration_seconds_bucket{le="0.025",${labels}} 0`);
    expect(text).toContain(`kubelet_http_requests_duration_seconds_bucket{le="0.05",${labels}} 1`);
  });

  test('counters that nothing has counted yet are there, gauges that nothing has told are not', async () => {
    const text = await createMetrics().all();
    expect(text).toContain('kubelet_started_pods_total 0');
    expect(text).toContain('kubelet_pleg_relist_duration_seconds_count 0');
    expect(text).not.toContain('kubelet_certificate_manager_server_ttl_seconds');
  });

  test('what probes count is shown apart', async () => {
    const { meters, all, probes } = createMetrics();
    const labels = {
      probe_type: 'Liveness',
      result: 'successful',
      container: 'c',
      pod: 'p',
      namespace: 'n',
      pod_uid: 'u',
    };
    meters.count('prober_probe_total', labels);
    expect(await probes()).toContain('prober_probe_total{');
    expect(await probes()).toMatch(/^process_start_time_seconds \d+/m);
    expect(await all()).not.toContain('prober_probe_total{');
  });

  test('attempts that came to something are counted, those that succeeded timed, until the probe ends', async () => {
    const { reader, probes } = createMetrics();
    const of = {
      probe: 'readiness',
      object: { kind: 'Pod', name: 'p', namespace: 'n', uid: 'u' },
      container: 'c',
    } as const;
    const attempted = (outcome: ProbeOutcome) =>
      reader({ kind: 'probe.attempted', ...of, containerId: 'id', outcome, ms: 20 }, 0);
    attempted({ kind: 'success' });
    attempted({ kind: 'warning', output: '' });
    attempted({ kind: 'failure', output: '' });
    attempted({ kind: 'error', message: '' });
    const labels = 'probe_type="Readiness",container="c",pod="p",namespace="n"';
    const series = async () => (await probes()).split('\n').filter((line) => /^prober_\w+(_total|_count)\{/.test(line));
    expect(await series()).toEqual([
      `prober_probe_total{${labels},result="successful",pod_uid="u"} 2`,
      `prober_probe_total{${labels},result="failed",pod_uid="u"} 1`,
      `prober_probe_duration_seconds_count{${labels}} 2`,
    ]);
    reader({ kind: 'probe.ended', ...of }, 0);
    expect(await series()).toEqual([]);
  });

  test('the moment of the relist is told', async () => {
    const { reader, all } = createMetrics();
    reader({ kind: 'runtime.relisted', changed: 0, ms: 2, sinceLastMs: 1000 }, 5000);
    const text = await all();
    expect(text).toContain('kubelet_pleg_last_seen_seconds 5');
    expect(text).toContain('kubelet_pleg_relist_interval_seconds_sum 1');
  });

  test('a name without a definition is a mistake', () =>
    expect(() => createMetrics().meters.count('kubelet_nonsense')).toThrow('has no definition'));
});

test.each(Object.entries(metricDefinitions))('%s is named as Prometheus wants it', (name, { kind, buckets = [] }) => {
  expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
  expect([...buckets]).toEqual([...buckets].sort((a, b) => a - b));
  expect(kind === 'histogram').toBe(buckets.length > 0);
});
