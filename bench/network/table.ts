import { renderNumber } from '../compare/render-number.ts';
import { computeQuantile, computeSummary } from '../compare/statistics.ts';

/** What was measured of one network; each list has one entry a round. */
export interface NetworkSamples {
  readonly network: string;
  /** Bytes a second. */
  readonly throughputAcross: readonly number[];
  readonly throughputNear: readonly number[];
  /** Milliseconds, all of a round. */
  readonly echoAcross: readonly (readonly number[])[];
  readonly podAcross: readonly (readonly number[])[];
  readonly serviceAcross: readonly (readonly number[])[];
}

interface Row {
  readonly measure: string;
  /** One value a round. */
  readonly values: (samples: NetworkSamples) => readonly number[];
}

const mebibytes = (values: readonly number[]): readonly number[] => values.map((value) => value / 2 ** 20);
const quantile =
  (pick: (samples: NetworkSamples) => readonly (readonly number[])[], share: number) => (samples: NetworkSamples) =>
    pick(samples).map((round) => computeQuantile(round, share));

const rows: readonly Row[] = [
  { measure: 'pod to pod, two nodes, MiB/s', values: (samples) => mebibytes(samples.throughputAcross) },
  { measure: 'pod to pod, one node, MiB/s', values: (samples) => mebibytes(samples.throughputNear) },
  { measure: 'round trip of a byte, two nodes, ms, p50', values: quantile((samples) => samples.echoAcross, 0.5) },
  { measure: 'round trip of a byte, two nodes, ms, p99', values: quantile((samples) => samples.echoAcross, 0.99) },
  { measure: "request to a pod's address, ms, p50", values: quantile((samples) => samples.podAcross, 0.5) },
  { measure: "request to a pod's address, ms, p99", values: quantile((samples) => samples.podAcross, 0.99) },
  { measure: 'request through a service, ms, p50', values: quantile((samples) => samples.serviceAcross, 0.5) },
  { measure: 'request through a service, ms, p99', values: quantile((samples) => samples.serviceAcross, 0.99) },
];

/** The networks beside each other: medians over the rounds, with the smallest and the largest. */
export function renderNetworkTable(networks: readonly NetworkSamples[]): string {
  const cell = (values: readonly number[]): string => {
    const { median, smallest, largest, count } = computeSummary(values);
    const spread = count > 1 ? ` (${renderNumber(smallest)}–${renderNumber(largest)})` : '';
    return `${renderNumber(median)}${spread}`;
  };
  return [
    `| | ${networks.map(({ network }) => network).join(' | ')} |`,
    `| --- |${networks.map(() => ' ---: |').join('')}`,
    ...rows.map(({ measure, values }) => `| ${measure} | ${networks.map((each) => cell(values(each))).join(' | ')} |`),
    '',
  ].join('\n');
}
