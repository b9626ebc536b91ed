const renderLabels = (pairs: Readonly<Record<string, string>>): string => {
  const text = Object.entries(pairs).map(
    ([name, value]) => `${name}="${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`,
  );
  return text.length === 0 ? '' : `{${text.join(',')}}`;
};

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** When it was measured: milliseconds since the epoch. */
  readonly at: number;
}

/** One metric in Prometheus' text format, with the time each sample was measured at; nothing without samples. */
export function renderFamily(
  name: string,
  help: string,
  type: 'counter' | 'gauge',
  samples: readonly Sample[],
): string {
  if (samples.length === 0) return '';
  const lines = samples.map((sample) => `${name}${renderLabels(sample.labels)} ${sample.value} ${sample.at}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}
