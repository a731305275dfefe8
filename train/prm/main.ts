/**
 * Fits the PRM's head on rollouts of the policy, as Math-Shepherd does (arXiv 2312.08935), with a better label where
 * the problems allow one: whether every step so far is right, by the exact checker. Monte-Carlo labels (the share of
 * completions that end right) are sampled too and compared on validation problems, so that the choice is measured.
 */
import type { Engine } from "#generator/engine/types.js";
import { auc } from "#shared/stats.js";
import { corruptSolution } from "#train/problems/corrupt.js";
import { generateProblem } from "#train/problems/generate.js";
import { type RecordedProblem, recordRollouts } from "#train/evaluation/records.js";
import { trainingProblems } from "#train/swift/training-problems.js";
import { FEATURE_COUNT } from "#verifier/score/prm/features.js";
import { writePrmFiles, type SelfCheck } from "#verifier/score/prm/head-file.js";
import { type PrmHead, prmScore } from "#verifier/score/prm/head.js";
import type { Reader } from "./read-solution.js";
import { type LabelledStep, trainPrmHead } from "./train-head.js";

export interface TrainPrmHeadOptions {
  readonly problems: number;
  readonly rollouts: number;
  /** Completions per step for the Monte-Carlo labels. */
  readonly completions: number;
  readonly maxTokens: number;
  readonly seed: number;
  /** The PRM's directory. */
  readonly out: string;
  readonly onProgress: (done: number, total: number) => void;
}

export interface PrmHeadTrained {
  readonly steps: number;
  /** How often the hard Monte-Carlo label (any completion right) and the exact check agree. */
  readonly labelAgreement: number;
  /** AUC of the last step's score against the right answer, solutions of held-out problems, by label kind. */
  readonly validationAuc: { readonly exact: number; readonly monteCarlo: number };
}

const HEAD = { hidden: 24, learningRate: 3e-3, weightDecay: 1e-3, epochs: 12, batchSize: 64 } as const;
/** One problem in five validates the choice of labels. */
const VALIDATION_SHARE = 5;

type Label = (record: RecordedProblem, solution: number, step: number) => number | undefined;

const exact: Label = ({ solutions }, solution, step) => Number(solutions[solution]!.stepsRight[step]!);
/** The last step's outcome is known; before it, the share of completions that end right. */
const monteCarlo: Label = ({ solutions, completionRates }, solution, step) =>
  step + 1 === solutions[solution]!.steps.length
    ? Number(solutions[solution]!.correct)
    : completionRates[solution]![step];

function labelled(records: readonly RecordedProblem[], label: Label): LabelledStep[] {
  return records.flatMap((record) =>
    record.solutions.flatMap(({ read }, solution) =>
      read.flatMap(({ features }, step) => {
        const value = label(record, solution, step);
        return value === undefined ? [] : [{ features, label: value }];
      }),
    ),
  );
}

/** AUC of the last step's score over all solutions of the records. */
function solutionAuc(head: PrmHead, records: readonly RecordedProblem[]): number {
  const solutions = records.flatMap((record) => record.solutions).filter((each) => each.read.length > 0);
  const scores = solutions.map(({ read }) => prmScore(head, read.at(-1)!.features));
  return (
    auc(
      scores,
      solutions.map((each) => each.correct),
    ) ?? Number.NaN
  );
}

/** Among steps with a Monte-Carlo label, the share whose hard form (any completion right) equals the exact check. */
function agreement(records: readonly RecordedProblem[]): number {
  let [same, all] = [0, 0];
  for (const record of records) {
    for (const [solution, { steps }] of record.solutions.entries()) {
      for (const step of steps.keys()) {
        const rate = record.completionRates[solution]![step];
        if (rate === undefined) continue;
        all += 1;
        same += Number(rate > 0 === (exact(record, solution, step) === 1));
      }
    }
  }
  return same / all;
}

/** A problem with its gold solution and one with a slip, for the service's check at start. */
function selfCheck(seed: number): SelfCheck {
  const problem = generateProblem({ level: 3 }, "validation", seed, 0);
  const lines = (steps: readonly string[]): string[] =>
    steps.map((step, i) => (i + 1 < steps.length ? `${step}\n` : step));
  return {
    problem: problem.problem,
    good: lines(problem.steps),
    bad: lines(corruptSolution(problem, seed).steps),
  };
}

export async function trainPrm(
  engine: Engine,
  reader: Reader,
  options: TrainPrmHeadOptions,
  signal: AbortSignal,
): Promise<PrmHeadTrained> {
  const { problems, rollouts, completions, maxTokens, seed, out, onProgress } = options;
  const records = await recordRollouts(
    engine,
    trainingProblems(problems, seed),
    { count: rollouts, completions, seed, maxTokens, temperature: 1, reader, onProgress },
    signal,
  );
  const cut = Math.floor(records.length / VALIDATION_SHARE);
  const [validation, training] = [records.slice(0, cut), records.slice(cut)];
  const fit = (from: readonly RecordedProblem[], label: Label): PrmHead =>
    trainPrmHead(labelled(from, label), { ...HEAD, seed });
  const validationAuc = {
    exact: solutionAuc(fit(training, exact), validation),
    monteCarlo: solutionAuc(fit(training, monteCarlo), validation),
  };
  const head = fit(records, exact);
  const steps = labelled(records, exact).length;
  await writePrmFiles(out, {
    head,
    selfCheck: selfCheck(seed),
    training: `${problems} problems x ${rollouts} rollouts of the policy, seed ${seed}: ${steps} steps with ${FEATURE_COUNT} features, labels by the exact checker`,
  });
  return { steps, labelAgreement: agreement(records), validationAuc };
}
