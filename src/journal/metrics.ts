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
  };

  return {
    meters,
    reader: (record) => projectionOf(record).measure?.(record, meters),
    all: () => main.metrics(),
    probes: () => probeRegistry.metrics(),
    contentType: main.contentType,
  };
}
