/** Samples of one measurement, and what is reported of them. */

export interface Sample {
  readonly ms: number;
  /** Decoding steps, where there are any. */
  readonly steps: number;
  /** Tokens run: of the prompt for a prefill, of all rows otherwise. */
  readonly tokens: number;
  /** Share of all cores that other processes took meanwhile. */
  readonly foreign: number;
}

export interface Cell {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Samples behind these numbers. */
  readonly n: number;
  /** Samples left out because others were using the machine. */
  readonly dropped: number;
  /** All samples were disturbed, so that none was left out: not to be trusted. */
  readonly disturbed: boolean;
}

/** Beyond this share of foreign load a sample is not counted. */
export const MAX_FOREIGN = 0.15;

/** The middle value; of an even count the upper of the two. NaN for none. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Spread of a value over the undisturbed samples, or over all when there are no others. */
export function summarise(samples: readonly Sample[], value: (sample: Sample) => number): Cell {
  const quiet = samples.filter(({ foreign }) => foreign <= MAX_FOREIGN);
  const disturbed = quiet.length === 0;
  const values = (disturbed ? samples : quiet).map(value);
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    n: values.length,
    dropped: samples.length - values.length,
    disturbed,
  };
}
