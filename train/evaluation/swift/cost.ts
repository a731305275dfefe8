/**
 * What scoring a token costs: a SWIFT head, whose products the policy's graph does while it generates, against a PRM,
 * which reads the same texts with a model of its own. Both in one run, on the same solutions.
 */
import type { Engine, Probe } from "#generator/engine/types.js";
import type { PrmScorer } from "#verifier/score/prm/prm-host.js";
import { addTokens, EMPTY_SUMS, outputsOf, type SwiftWeights } from "#verifier/score/swift/head.js";
import { mapConcurrently, type SampledSolution, sampleProblem } from "#train/rollouts.js";
import { lastScores } from "./prm-scores.js";

export interface ScoringCost {
  readonly scorer: string;
  readonly parameters: number;
  readonly flopsPerToken: number;
  /** Of the scorer alone: median over the repeats, with the extremes. */
  readonly msPerToken: { readonly median: number; readonly low: number; readonly high: number };
  /** What crosses from the generator to the verifier for it, beside the text that is sent in any case. */
  readonly bytesPerToken: number;
}

export interface GenerationCost {
  /** Milliseconds of a generated token of 16 candidates, sampling included. */
  readonly plain: ScoringCost["msPerToken"];
  /** The same while the graph evaluates the head's probe. */
  readonly withProbe: ScoringCost["msPerToken"];
}

export interface CostOptions {
  readonly problems: readonly string[];
  readonly candidates: number;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
  readonly repeats: number;
}

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Whether the probe slows generation down: each repeat runs both ways, in turn first. */
export async function measureGeneration(
  engine: Engine,
  probe: Probe,
  options: CostOptions,
  signal: AbortSignal,
): Promise<GenerationCost> {
  const times = { plain: [] as number[], withProbe: [] as number[] };
  await sampleAll(engine, options, [probe], signal);
  for (let repeat = 0; repeat < options.repeats; repeat++) {
    const ways = ["plain", "withProbe"] as const;
    for (const way of repeat % 2 === 0 ? ways : ways.toReversed()) {
      const started = performance.now();
      const solutions = await sampleAll(engine, options, way === "plain" ? [] : [probe], signal);
      times[way].push((performance.now() - started) / countTokens(solutions));
    }
  }
  return { plain: spread(times.plain), withProbe: spread(times.withProbe) };
}

/** The verifier's part of SWIFT: bias, sigmoid and mean over what the probe gave. */
export async function measureSwift(
  engine: Engine,
  probe: Probe,
  head: SwiftWeights,
  options: CostOptions,
  signal: AbortSignal,
): Promise<ScoringCost> {
  const solutions = await sampleAll(engine, options, [probe], signal);
  const tokens = countTokens(solutions);
  const times = Array.from({ length: options.repeats }, () => {
    const started = performance.now();
    for (const { steps } of solutions) {
      let sums = EMPTY_SUMS;
      for (const step of steps) sums = addTokens(sums, head, step.probeOutputs);
    }
    return (performance.now() - started) / tokens;
  });
  const width = probe.shape[1];
  return {
    scorer: "SWIFT",
    parameters: outputsOf(head) * (width + 1),
    flopsPerToken: 2 * outputsOf(head) * width,
    msPerToken: spread(times),
    bytesPerToken: FLOAT_BYTES * outputsOf(head),
  };
}

/** A PRM on the texts of the same solutions, all steps of a problem's candidates in one call. */
export async function measurePrm(
  engine: Engine,
  prm: PrmScorer,
  options: CostOptions,
  signal: AbortSignal,
): Promise<ScoringCost> {
  const solutions = await sampleAll(engine, options, [], signal);
  const tokens = countTokens(solutions);
  const worded = solutions.map(({ steps }) =>
    steps.map(({ text }) => text).filter((text) => text.trim() !== ""),
  );
  const times: number[] = [];
  for (let repeat = 0; repeat <= options.repeats; repeat++) {
    const started = performance.now();
    for (const [i, problem] of options.problems.entries())
      await lastScores(
        prm,
        problem,
        worded.slice(i * options.candidates, (i + 1) * options.candidates),
        signal,
      );
    // The first pass warms the model up.
    if (repeat > 0) times.push((performance.now() - started) / tokens);
  }
  return {
    scorer: "PRM",
    parameters: prm.info.parameterCount,
    flopsPerToken: prm.info.flopsPerToken,
    msPerToken: spread(times),
    bytesPerToken: 0,
  };
}

/** The solutions of every problem, problem by problem. */
async function sampleAll(
  engine: Engine,
  { problems, candidates: count, maxTokens, temperature, seed }: CostOptions,
  probes: readonly Probe[],
  signal: AbortSignal,
): Promise<SampledSolution[]> {
  const sampled = await mapConcurrently(problems, 1, (problem, i) =>
    sampleProblem(engine, problem, { count, seed: seed + i, maxTokens, temperature, probes }, signal),
  );
  return sampled.flatMap(({ solutions }) => solutions);
}

const countTokens = (solutions: readonly SampledSolution[]): number =>
  solutions.reduce((sum, { steps }) => sum + steps.reduce((n, { tokenIds }) => n + tokenIds.length, 0), 0);

function spread(values: readonly number[]): ScoringCost["msPerToken"] {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, low: sorted[0]!, high: sorted.at(-1)! };
}
