/**
 * An honest look at SWIFT heads: trained on some problems, measured on others, beside everything that could embarrass
 * them. Takes recorded solutions and stored features of both; runs no model.
 */
import type { GeneratorInfo } from "#generator/engine/types.js";
import { labelsOf } from "#train/swift/rollout-records.js";
import type { SwiftTrained } from "#train/swift/train-head.js";
import { type ScoreTable, toTestProblems } from "./candidates.js";
import { type HeadVariant, parametersOf, type RecordedSet, rewardTable, trainVariant } from "./heads.js";
import { measurePoint, partOf, trainPoint } from "./learning-curve.js";
import type { CurvePoint, HeadRow, SwiftReport } from "./report.js";
import { aucRows, choiceRows, countsUpTo, mixedOf } from "./rows.js";
import { freeScorers, recordedScorer, type ScoreKind } from "./scorers.js";

/** What another reward model says of the test solutions. */
export interface OtherScores {
  readonly name: string;
  readonly kind: ScoreKind;
  readonly table: ScoreTable;
}

export interface EvaluateOptions {
  readonly command: string;
  readonly info: Pick<GeneratorInfo, "model" | "modelHash" | "precision" | "vocabularySize">;
  readonly temperature: number;
  readonly seed: number;
  readonly variants: readonly HeadVariant[];
  readonly others?: readonly OtherScores[];
  /** Training problems of the learning curve's points; those beyond what there is are left out. */
  readonly curve: readonly number[];
  /** Names of the variants on the learning curve. Unset: all. */
  readonly curveVariants?: readonly string[];
  /** Called with every head that was trained on all the training problems. */
  readonly onTrained?: (variant: string, head: SwiftTrained) => void;
  /** Heads trained so far. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Candidates that the learning curve chooses among at most. */
const CURVE_CANDIDATES = 16;

export const CURVE = [10, 30, 100, 300, 1000] as const;

/** Throws what `trainSwiftHead` throws where all the training problems are too little for a head. */
export async function evaluateSwift(
  training: RecordedSet,
  test: RecordedSet,
  options: EvaluateOptions,
  signal: AbortSignal,
): Promise<SwiftReport> {
  const { info, seed, variants, others = [], curve, command, temperature } = options;
  const sizes = curve.filter((size) => size < training.records.length);
  const onCurve = variants.filter(({ name }) => options.curveVariants?.includes(name) ?? true);
  const progress = counterOf(variants.length + sizes.length * onCurve.length, options.onProgress);
  const { heads, tables } = await trainAll(training, test, options, progress, signal);
  for (const { name, table } of others) tables[name] = table;
  const problems = toTestProblems(test.records, tables);
  const scorers = [
    ...freeScorers(info.vocabularySize),
    ...variants.map(({ name }) => recordedScorer(name, "reward")),
    ...others.map(({ name, kind }) => recordedScorer(name, kind)),
  ];
  const counts = countsUpTo(problems);
  const candidates = Math.max(...counts.filter((n) => n <= CURVE_CANDIDATES));
  const learningCurve: CurvePoint[] = [];
  for (const variant of onCurve) {
    for (const size of sizes) {
      const part = partOf(training, size, seed);
      learningCurve.push(await trainPoint(part, test, variant, { candidates, seed }, signal));
      progress();
    }
    const { name } = variant;
    learningCurve.push(
      measurePoint(training.records, test.records, name, tables[name]!, { candidates, seed }),
    );
  }
  return {
    command,
    policy: info.model,
    modelHash: info.modelHash,
    precision: info.precision,
    temperature,
    seed,
    trainingLabels: labelsOf(training.records),
    testProblems: problems.length,
    mixedProblems: mixedOf(problems).length,
    testLabels: labelsOf(test.records),
    heads,
    auc: aucRows(problems, scorers, seed),
    choices: choiceRows(problems, scorers, counts, seed),
    candidates,
    learningCurve,
  };
}

/** Heads of all kinds on all training problems, and their rewards of the test solutions. */
async function trainAll(
  training: RecordedSet,
  test: RecordedSet,
  { variants, onTrained }: Pick<EvaluateOptions, "variants" | "onTrained">,
  progress: () => void,
  signal: AbortSignal,
): Promise<{ readonly heads: HeadRow[]; readonly tables: Record<string, ScoreTable> }> {
  const tables: Record<string, ScoreTable> = {};
  const heads: HeadRow[] = [];
  for (const variant of variants) {
    const trained = await trainVariant(training, variant, signal);
    onTrained?.(variant.name, trained);
    tables[variant.name] = await rewardTable(test, variant.reads, trained, signal);
    heads.push({
      name: variant.name,
      parameters: parametersOf(trained),
      problems: trained.trainingProblems + trained.validationProblems,
      bestEpoch: trained.bestEpoch,
      validationLoss: trained.validationLoss,
    });
    progress();
  }
  return { heads, tables };
}

function counterOf(total: number, onProgress: EvaluateOptions["onProgress"]): () => void {
  let done = 0;
  return () => onProgress?.(++done, total);
}
