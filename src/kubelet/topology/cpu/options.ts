export interface CpuPolicyOptions {
  /** A core's threads go to one container only. */
  readonly fullPhysicalCpusOnly: boolean;
  readonly distributeAcrossNuma: boolean;
  readonly alignBySocket: boolean;
  readonly distributeAcrossCores: boolean;
  /** Nobody but the system uses the reserved CPUs. */
  readonly strictReservation: boolean;
  readonly preferFewCaches: boolean;
}

/** The options' names as configured, and how grown up each is: all but stable ones need a feature gate. */
const levels: ReadonlyMap<string, 'stable' | 'Beta' | 'Alpha'> = new Map([
  ['full-pcpus-only', 'stable'],
  ['strict-cpu-reservation', 'stable'],
  ['prefer-align-cpus-by-uncorecache', 'stable'],
  ['distribute-cpus-across-numa', 'Beta'],
  ['align-by-socket', 'Alpha'],
  ['distribute-cpus-across-cores', 'Alpha'],
]);

const excluded = [
  ['full-pcpus-only', 'distribute-cpus-across-cores'],
  ['distribute-cpus-across-numa', 'distribute-cpus-across-cores'],
  ['prefer-align-cpus-by-uncorecache', 'distribute-cpus-across-cores'],
  ['prefer-align-cpus-by-uncorecache', 'distribute-cpus-across-numa'],
] as const;

/** What Go takes for a truth value. */
export const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

/** The configured options. Throws, naming the first that is unknown, switched off, or at odds with another. */
export function parseCpuPolicyOptions(
  configured: Readonly<Record<string, string>>,
  isEnabled: (gate: string) => boolean,
): CpuPolicyOptions {
  const set = new Set<string>();
  for (const [name, text] of Object.entries(configured)) {
    const level = levels.get(name);
    if (level === undefined) throw new Error(`unknown CPU Manager Policy option: ${JSON.stringify(name)}`);
    if (level !== 'stable' && !isEnabled(`CPUManagerPolicy${level}Options`))
      throw new Error(
        `CPU Manager Policy ${level}-level Options not enabled, but option ${JSON.stringify(name)} provided`,
      );
    const value = booleans.get(text);
    if (value === undefined) throw new Error(`bad value for option ${JSON.stringify(name)}: ${JSON.stringify(text)}`);
    if (value) set.add(name);
  }
  const clash = excluded.find((pair) => pair.every((name) => set.has(name)));
  if (clash !== undefined)
    throw new Error(`static policy options ${clash[0]} and ${clash[1]} can not be used at the same time`);
  return {
    fullPhysicalCpusOnly: set.has('full-pcpus-only'),
    distributeAcrossNuma: set.has('distribute-cpus-across-numa'),
    alignBySocket: set.has('align-by-socket'),
    distributeAcrossCores: set.has('distribute-cpus-across-cores'),
    strictReservation: set.has('strict-cpu-reservation'),
    preferFewCaches: set.has('prefer-align-cpus-by-uncorecache'),
  };
}
