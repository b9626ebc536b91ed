import { closestWord } from '../../base/closest-word.ts';
import { dependencies, gates, type Stage } from './feature-gate-table.ts';

/** What `featureGates` sets: gates by name, or all gates of a stage with `AllAlpha` and `AllBeta`. */
export type GateSettings = Readonly<Record<string, boolean>>;

const groups: Readonly<Record<string, Stage>> = { AllAlpha: 'ALPHA', AllBeta: 'BETA' };

/** Sentences about what is wrong with these settings; none when they can be used. */
export function validateFeatureGates(settings: GateSettings): readonly string[] {
  const wrong = Object.entries(settings).flatMap(([name, value]) => {
    if (groups[name] !== undefined) return [];
    const gate = gates.get(name);
    if (gate === undefined) {
      const near = closestWord(name, [...gates.keys()]);
      return [`unrecognized feature gate: ${name}${near === undefined ? '' : ` (did you mean ${near}?)`}`];
    }
    if (gate.locked && gate.enabled !== value) {
      return [`cannot set feature gate ${name} to ${value}, feature is locked to ${gate.enabled}`];
    }
    return [];
  });
  return wrong.length > 0 ? wrong : unmetDependencies(settings);
}

function unmetDependencies(settings: GateSettings): readonly string[] {
  return [...dependencies].flatMap(([name, needed]) => {
    const missing = needed.filter((one) => !featureEnabled(settings, one));
    return featureEnabled(settings, name) && missing.length > 0
      ? [`${name} is enabled, but depends on features that are disabled: [${missing.join(' ')}]`]
      : [];
  });
}

/** Whether a feature is on under these settings. Throws for a name that no version knows: a mistake in the caller. */
export function featureEnabled(settings: GateSettings, name: string): boolean {
  const gate = gates.get(name);
  if (gate === undefined) throw new RangeError(`there is no feature gate ${name}`);
  const group = Object.keys(groups).find((one) => groups[one] === gate.stage);
  const ofGroup = group === undefined ? undefined : settings[group];
  return settings[name] ?? ofGroup ?? gate.enabled;
}

/** `featureEnabled` under a configuration's settings. */
export const featuresOf =
  ({ featureGates = {} }: { readonly featureGates?: GateSettings | undefined }) =>
  (name: string): boolean =>
    featureEnabled(featureGates, name);

export interface Feature {
  readonly name: string;
  /** As the metric has it, in which a finished feature has none. */
  readonly stage: Exclude<Stage, 'GA'> | '';
  readonly enabled: boolean;
}

/** Every gate, and the groups, with the value in force, for the metric kubernetes_feature_enabled. */
export const allFeatures = (settings: GateSettings): readonly Feature[] => [
  ...Object.entries(groups).map(([name, stage]) => ({
    name,
    stage: stage === 'GA' ? ('' as const) : stage,
    enabled: settings[name] ?? false,
  })),
  ...[...gates].map(([name, { stage }]) => ({
    name,
    stage: stage === 'GA' ? ('' as const) : stage,
    enabled: featureEnabled(settings, name),
  })),
];
