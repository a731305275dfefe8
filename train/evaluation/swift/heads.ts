/** Heads of every kind that an evaluation compares: trained on recorded solutions, and put to others. */
import { ServiceError } from "#shared/errors.js";
import { Breather } from "#train/swift/breather.js";
import { forwardOf } from "#train/swift/head-epoch.js";
import type { Row, Rows } from "#train/swift/head-gradient.js";
import type { RolloutProblem } from "#train/swift/rollout-records.js";
import { type Features, type HeadReads, isFinished, solutionSource } from "#train/swift/solution-source.js";
import { type SwiftTrained, type SwiftTrainOptions, trainSwiftHead } from "#train/swift/train-head.js";
import type { SwiftInput, SwiftRow, SwiftSpan } from "#verifier/score/swift/head.js";
import type { ScoreTable } from "./candidates.js";

/** A kind of head: what it reads, and how it is trained. */
export interface HeadVariant {
  readonly name: string;
  readonly reads: HeadReads;
  readonly options: SwiftTrainOptions;
}

/** Solutions, and the stored features of the same. */
export interface RecordedSet {
  readonly records: readonly RolloutProblem[];
  readonly features: Features;
}

/** As published, standardised, with log-probs, and the scalars without any state. */
export function standardVariants(
  input: SwiftInput,
  span: SwiftSpan,
  options: Omit<SwiftTrainOptions, "normalize">,
): HeadVariant[] {
  const variant = (name: string, normalize: boolean, reads: HeadReads): HeadVariant => ({
    name,
    reads,
    options: { ...options, normalize },
  });
  return [
    variant("SWIFT, as published", false, { input, scalars: false, span }),
    variant("SWIFT, standardised", true, { input, scalars: false, span }),
    variant("swift+lp", true, { input, scalars: true, span }),
    variant("log-prob and entropies alone", true, { input: undefined, scalars: true, span }),
  ];
}

/** What `trainSwiftHead` throws. */
export function trainVariant(
  { records, features }: RecordedSet,
  { reads, options }: HeadVariant,
  signal: AbortSignal,
): Promise<SwiftTrained> {
  return trainSwiftHead(solutionSource(records, reads, features), options, signal);
}

/** Whether there is too little to learn from, which a learning curve tells and goes on. */
export const isNotTrainable = (error: unknown): error is ServiceError =>
  error instanceof ServiceError && error.details.reason === "NOT_TRAINABLE";

const wide = ({ weights, scalars, bias }: SwiftRow): Row => ({
  weights: Float64Array.from([...weights, ...scalars]),
  bias,
});

/** R of every finished solution; NaN of the others. */
export async function rewardTable(
  { records, features }: RecordedSet,
  reads: HeadReads,
  head: Pick<SwiftTrained, "gate" | "reward">,
  signal: AbortSignal,
): Promise<ScoreTable> {
  const table = records.map(({ solutions }) => solutions.map(() => Number.NaN));
  const source = solutionSource(records, reads, features, isFinished);
  const rows: Rows = { gate: head.gate && wide(head.gate), reward: wide(head.reward) };
  const breather = new Breather(signal);
  for (const [index, { problem, solution, tokens }] of source.examples.entries()) {
    // A text without a token in the span has the reward that the verifier gives it.
    table[problem]![solution] = tokens === 0 ? 0 : forwardOf(source, rows, index).reward;
    await breather.breathe();
  }
  return table;
}

export const parametersOf = ({ gate, reward }: Pick<SwiftTrained, "gate" | "reward">): number =>
  (gate === undefined ? 1 : 2) * (reward.weights.length + reward.scalars.length + 1);
