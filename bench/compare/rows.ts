import { type MeasureKey, measures, type Sample, type Subject } from './measures.ts';
import { computeSummary, type Summary } from './statistics.ts';

/** One line of the comparison. */
export interface Row {
  readonly measure: MeasureKey;
  readonly title: string;
  readonly unit: string;
  readonly klab: Summary;
  readonly upstream: Summary;
  readonly runtime: Summary;
  /** klab's median over upstream's: below 1 klab needs less. NaN unless both were measured. */
  readonly ratio: number;
}

/** The samples of all rounds as lines, in the order of the table of measures; what was not measured has no line. */
export function computeRows(samples: readonly Sample[]): readonly Row[] {
  const keys = Object.keys(measures) as MeasureKey[];
  return keys
    .filter((measure) => samples.some((sample) => sample.measure === measure))
    .map((measure) => {
      const of = (subject: Subject): Summary =>
        computeSummary(samples.filter((s) => s.measure === measure && s.subject === subject).map(({ value }) => value));
      const [klab, upstream, runtime] = [of('klab'), of('upstream'), of('runtime')];
      return { measure, ...measures[measure], klab, upstream, runtime, ratio: klab.median / upstream.median };
    });
}
