import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { JournalReader } from './journal.ts';
import { projectionOf } from './journal.ts';
import { metricDefinitions } from './metric-definitions.ts';
import type { Meters } from './projection.ts';

export interface Metrics {
  readonly meters: Meters;
  readonly reader: JournalReader;
  /** Prometheus' text of everything but the probes. */
  all(): Promise<string>;
  /** /metrics/probes: what the probes count, one series a container. */
  probes(): Promise<string>;
  readonly contentType: string;
}

type Instrument = Counter | Gauge | Histogram;

/** The kubelet's metrics: instruments made on first use from their definitions. A name without one is a mistake. */
export function createMetrics(): Metrics {
  const main = new Registry();
  const probeRegistry = new Registry();
  const instruments = new Map<string, Instrument>();
  // Measured every ten milliseconds, as the library would, the event loop would never rest.
  collectDefaultMetrics({ register: main, eventLoopMonitoringPrecision: 1000 });

  function instrument(name: string): Instrument {
    const known = instruments.get(name);
    if (known !== undefined) return known;
    const definition = metricDefinitions[name];
    if (definition === undefined) throw new RangeError(`the metric ${name} has no definition`);
    const { kind, help, labels = [], buckets = [] } = definition;
    const registers = [name.startsWith('prober_') ? probeRegistry : main];
    const common = { name, help, labelNames: [...labels], registers };
    const made =
      kind === 'counter'
        ? new Counter(common)
        : kind === 'gauge'
          ? new Gauge(common)
          : new Histogram({ ...common, buckets: [...buckets] });
    instruments.set(name, made);
    return made;
  }

  for (const [name, { kind, labels = [] }] of Object.entries(metricDefinitions)) {
    // What has not happened yet has happened no times; what nobody has told is not 0.
    if (kind !== 'gauge' && labels.length === 0) instrument(name);
  }
  // Rates of what probes count need to know when counting began.
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start time of the process since unix epoch in seconds.',
    registers: [probeRegistry],
  }).set(Math.round(performance.timeOrigin / 1000));

  const meters: Meters = {
    count(name, labels = {}, by = 1) {
      const made = instrument(name);
      if (made instanceof Counter) made.inc(labels, by);
    },
    gauge(name, value, labels = {}) {
      const made = instrument(name);
      if (made instanceof Gauge) made.set(labels, value);
    },
    observe(name, value, labels = {}) {
      const made = instrument(name);
      if (made instanceof Histogram) made.observe(labels, value);
    },
    forget: (name, labels) => instrument(name).remove(labels),
  };

  return {
    meters,
    reader: (record, at) => projectionOf(record).measure?.(record, meters, at),
    all: () => main.metrics(),
    probes: () => probeRegistry.metrics(),
    contentType: main.contentType,
  };
}
