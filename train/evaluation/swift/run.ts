/**
 * `bench swift`: records training and test solutions of a policy, trains every kind of head on the first and measures it
 * on the second, beside what needs no head; then what scoring costs. Goes on from what its directory of work has.
 */
import type { Engine } from "#generator/engine/types.js";
import type { PrecisionChoice } from "#shared/lm/types.js";
import { openEngine } from "#train/open-models.js";
import type { FileProblem } from "#train/problem-files/problem-file.js";
import { swiftSampling } from "#train/swift/rollouts.js";
import { HEAD_DEFAULTS, type SwiftTrained } from "#train/swift/train-head.js";
import type { SwiftInput, SwiftWeights } from "#verifier/score/swift/head.js";
import type { SwiftSampling } from "#verifier/score/swift/head-file.js";
import { toProbe } from "#verifier/score/swift/probe.js";
import { type CostOptions, measureGeneration, measurePrm, measureSwift } from "./cost.js";
import { evaluateSwift, type OtherScores } from "./evaluate.js";
import { type HeadVariant, rewardTable, standardVariants, trainVariant } from "./heads.js";
import { openPrm, prmTable } from "./prm-scores.js";
import { type Recording, recordSet } from "./record.js";
import type { SwiftCosts, SwiftReport } from "./report.js";

export interface SwiftBenchOptions {
  /** A Hugging Face directory or a GGUF file. */
  readonly policy: string;
  readonly precision: PrecisionChoice;
  readonly threads: number;
  /** Directory of a PRM to compare with; undefined: none. */
  readonly prm: string | undefined;
  readonly training: readonly FileProblem[];
  readonly test: readonly FileProblem[];
  /** Solutions per training and per test problem. */
  readonly rollouts: number;
  readonly testRollouts: number;
  readonly maxTokens: number;
  /** Unset knobs are search's and the model's. */
  readonly sampling: Partial<SwiftSampling>;
  /** Training problems of the learning curve's points. */
  readonly curve: readonly number[];
  readonly seed: number;
  readonly work: string;
  readonly command: string;
  readonly onProgress: (stage: string, done: number, total: number) => void;
}

/** Larger vocabularies would fill the disk with logits. */
const MAX_VOCABULARY = 4096;
const TOP_LOG_PROBS = 20;
/** The rows of the learning curve; the others follow the same lines. */
const ON_CURVE = ["SWIFT, standardised", "swift+lp"];
const COST = { problems: 8, candidates: 16, repeats: 7 };

/** @throws what recording, training and the models throw; what was recorded stays. */
export async function runSwiftBench(options: SwiftBenchOptions, signal: AbortSignal): Promise<SwiftReport> {
  const engine = await openEngine(options.policy, options.threads, options.precision);
  try {
    const training = await record(engine, "training", options, signal);
    try {
      const test = await record(engine, "test", options, signal);
      try {
        return await measure(engine, training, test, options, signal);
      } finally {
        await test.close();
      }
    } finally {
      await training.close();
    }
  } finally {
    await engine.dispose();
  }
}

function record(
  engine: Engine,
  set: "training" | "test",
  options: SwiftBenchOptions,
  signal: AbortSignal,
): Promise<Recording> {
  const { maxTokens, seed, work: directory, onProgress } = options;
  const sampling = swiftSampling(engine.info.defaultSampling, options.sampling);
  const rollouts = set === "training" ? options.rollouts : options.testRollouts;
  const withLogits = engine.info.vocabularySize <= MAX_VOCABULARY;
  return recordSet(
    engine,
    {
      set,
      problems: options[set],
      rollouts: { rollouts, maxTokens, sampling, seed: set === "training" ? seed : seed + TEST_SEED },
      withLogits,
      directory,
      onProgress,
    },
    signal,
  );
}

/** Far from the training problems' seeds. */
const TEST_SEED = 1_000_000;

async function measure(
  engine: Engine,
  training: Recording,
  test: Recording,
  options: SwiftBenchOptions,
  signal: AbortSignal,
): Promise<SwiftReport> {
  const { info } = engine;
  const { seed, command, curve, onProgress } = options;
  const variants = variantsOf(info.hiddenStateCount, seed);
  const others = await logitScores(training, test, options, signal);
  const prm = options.prm === undefined ? undefined : await openPrm(options.prm, options.threads);
  try {
    if (prm !== undefined) {
      const table = await prmTable(
        prm,
        options.test,
        test.hidden.records,
        info.stepDelimiter,
        signal,
        (done, total) => onProgress("PRM, test problem", done, total),
      );
      others.push({ name: "PRM, last step", kind: "probability", table });
    }
    const { temperature } = swiftSampling(info.defaultSampling, options.sampling);
    let standardised: SwiftTrained | undefined;
    const report = await evaluateSwift(
      training.hidden,
      test.hidden,
      {
        command,
        info,
        temperature,
        seed,
        variants,
        others,
        curve,
        curveVariants: ON_CURVE,
        onTrained: (name, trained) => {
          if (name === ON_CURVE[0]) standardised = trained;
        },
        onProgress: (done, total) => onProgress("heads", done, total),
      },
      signal,
    );
    const head = { ...standardised!, span: "response" as const };
    return { ...report, costs: await measureCosts(engine, head, prm, options, signal) };
  } finally {
    await prm?.dispose();
  }
}

const allStates = (count: number): Extract<SwiftInput, { kind: "hidden" }> => ({
  kind: "hidden",
  layers: Array.from({ length: count }, (_, i) => i),
  finalNorm: false,
});

/** As published and standardised, each less something, and the scalars without any state. */
function variantsOf(states: number, seed: number): HeadVariant[] {
  const all = allStates(states);
  const options = { ...HEAD_DEFAULTS, seed };
  const reads = { input: all, scalars: false, span: "response" } as const;
  const last = { ...all, layers: [states - 1] };
  return [
    ...standardVariants(all, "response", options),
    { name: "SWIFT, last state only", reads: { ...reads, input: last }, options },
    { name: "SWIFT, no gate", reads, options: { ...options, gated: false } },
    { name: "SWIFT, pairwise loss", reads, options: { ...options, loss: "dpo" } },
  ];
}

/** Heads for back ends that give no hidden states: over all logits, and over the likeliest tokens' log-probs. */
async function logitScores(
  training: Recording,
  test: Recording,
  { seed, onProgress }: SwiftBenchOptions,
  signal: AbortSignal,
): Promise<OtherScores[]> {
  if (training.logits === undefined || test.logits === undefined) return [];
  const inputs = {
    "SWIFT, logits only": { kind: "logits" },
    [`SWIFT's form over ${TOP_LOG_PROBS} log-probs`]: { kind: "top_log_probs", count: TOP_LOG_PROBS },
  } as const;
  const scores: OtherScores[] = [];
  const total = Object.keys(inputs).length;
  for (const [name, input] of Object.entries(inputs)) {
    onProgress("heads over logits", scores.length, total);
    const reads = { input, scalars: false, span: "response" } as const;
    const trained = await trainVariant(
      training.logits,
      { name, reads, options: { ...HEAD_DEFAULTS, seed } },
      signal,
    );
    scores.push({ name, kind: "reward", table: await rewardTable(test.logits, reads, trained, signal) });
  }
  onProgress("heads over logits", total, total);
  return scores;
}

async function measureCosts(
  engine: Engine,
  head: SwiftWeights,
  prm: Awaited<ReturnType<typeof openPrm>> | undefined,
  { test, maxTokens, sampling, seed, onProgress }: SwiftBenchOptions,
  signal: AbortSignal,
): Promise<SwiftCosts> {
  const { info } = engine;
  const input = allStates(info.hiddenStateCount);
  const probe = toProbe({ ...head, input }, info);
  const options: CostOptions = {
    problems: test.slice(0, COST.problems).map(({ problem }) => problem),
    candidates: COST.candidates,
    repeats: COST.repeats,
    maxTokens,
    temperature: swiftSampling(info.defaultSampling, sampling).temperature,
    seed,
  };
  const total = prm === undefined ? 2 : 3;
  const generation = await measureGeneration(engine, probe, options, signal);
  onProgress("costs", 1, total);
  const scoring = [await measureSwift(engine, probe, head, options, signal)];
  onProgress("costs", 2, total);
  if (prm !== undefined) scoring.push(await measurePrm(engine, prm, options, signal));
  onProgress("costs", total, total);
  return { generation, scoring };
}
