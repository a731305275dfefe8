/** Recorded solutions as examples of a head: which numbers of each token it reads, and which tokens count. */
import { halfValues, widenHalf } from "#shared/half.js";
import { scalarsOf, SWIFT_SCALARS, type SwiftInput, type SwiftSpan } from "#verifier/score/swift/head.js";
import type { Example, ExampleSource } from "./example-source.js";
import { finishedOf } from "./extract-features.js";
import type { FeatureStore } from "./feature-store.js";
import { applyFinalNorm, type FinalNorm } from "./final-norm.js";
import type { Label } from "./grade.js";
import type { RolloutProblem } from "./rollout-records.js";
import { topLogProbs } from "./top-log-probs.js";

/** For comparison only, no head of this kind is served: the log-probs of so many likeliest tokens, from stored logits. */
export interface TopLogProbs {
  readonly kind: "top_log_probs";
  readonly count: number;
}

/** What a head reads. */
export interface HeadReads {
  /** Undefined: the scalars alone. */
  readonly input: SwiftInput | TopLogProbs | undefined;
  readonly scalars: boolean;
  readonly span: SwiftSpan;
}

export interface Features {
  readonly store: FeatureStore;
  readonly hiddenSize: number;
  /** Needed by heads with `finalNorm`. */
  readonly finalNorm?: FinalNorm;
}

/** An example, and which solution of which problem it is (places in the records). */
export interface SolutionExample extends Example {
  readonly solution: number;
}

export interface SolutionSource extends ExampleSource {
  readonly examples: readonly SolutionExample[];
}

/** What can be a label. */
export const isLabelled = (label: Label): boolean => label === "right" || label === "wrong";
/** What can be chosen: also what nobody could grade. */
export const isFinished = (label: Label): boolean => label !== "unfinished";

/** The finished solutions whose label `which` takes. `features` may be left out for heads of scalars alone. */
export function solutionSource(
  problems: readonly RolloutProblem[],
  reads: HeadReads,
  features: Features | undefined,
  which: (label: Label) => boolean = isLabelled,
): SolutionSource {
  const skipped = reads.span === "without_first" ? 1 : 0;
  const examples = problems.flatMap((problem, at) =>
    finishedOf(problem)
      .filter(({ label }) => which(label))
      .map(({ index, label, token_ids }) => ({
        problem: at,
        solution: index,
        correct: label === "right",
        tokens: token_ids.length - skipped,
      })),
  );
  const scalars = reads.scalars ? SWIFT_SCALARS : 0;
  const copy = reads.input === undefined ? undefined : createCopy(reads.input, features!);
  const width = (copy?.width ?? 0) + scalars;
  const longest = examples.reduce((most, { tokens }) => Math.max(most, tokens), 0);
  const states = new Float32Array(longest * width);
  let last = -1;
  return {
    width,
    scalars,
    examples,
    read(index) {
      // A solution that is looked at by itself is read twice in a row.
      if (index === last) return states;
      last = index;
      const { problem, solution, tokens } = examples[index]!;
      const record = problems[problem]!;
      copy?.fill(record.id, solution, { skipped, tokens }, states, width);
      if (scalars > 0) {
        const { log_probs, entropies } = record.solutions[solution]!;
        // After the last token of a finished text nothing is drawn any more.
        const values = scalarsOf(log_probs, entropies, 0);
        for (let t = 0; t < tokens; t++)
          for (let i = 0; i < scalars; i++)
            states[(t + 1) * width - scalars + i] = values[(t + skipped) * scalars + i]!;
      }
      return states;
    },
  };
}

interface Copy {
  readonly width: number;
  /** Writes the features of the tokens into rows of `stride` numbers. */
  fill(
    id: string,
    solution: number,
    span: { readonly skipped: number; readonly tokens: number },
    target: Float32Array,
    stride: number,
  ): void;
}

function createCopy(input: SwiftInput | TopLogProbs, features: Features): Copy {
  return input.kind === "top_log_probs"
    ? copyOfTop(input.count, features.store)
    : copyOfParts(input, features);
}

function copyOfTop(count: number, store: FeatureStore): Copy {
  const vocabulary = store.identity.width;
  let [halves, logits] = [new Uint16Array(0), new Float32Array(0)];
  return {
    width: count,
    fill(id, solution, { skipped, tokens }, target, stride) {
      const size = (skipped + tokens) * vocabulary;
      if (halves.length < size) [halves, logits] = [new Uint16Array(size), new Float32Array(size)];
      store.read(id, solution, halves);
      widenHalf(halves.subarray(0, size), logits);
      for (let t = 0; t < tokens; t++)
        topLogProbs(logits, (skipped + t) * vocabulary, vocabulary, count, target, t * stride);
    },
  };
}

/** Copies of the features that a head reads; buffers are made once and grow to the longest solution. */
function copyOfParts(input: SwiftInput, { store, hiddenSize, finalNorm }: Features): Copy {
  const stored = store.identity.width;
  const layers = input.kind === "logits" ? [0] : input.layers;
  const part = input.kind === "logits" ? stored : hiddenSize;
  const norm = input.kind === "hidden" && input.finalNorm ? finalNorm! : undefined;
  const isWhole = layers.length * part === stored && layers.every((layer, i) => layer === i);
  let halves = new Uint16Array(0);
  return {
    width: layers.length * part,
    fill(id, solution, { skipped, tokens }, target, stride) {
      const size = (skipped + tokens) * stored;
      if (halves.length < size) halves = new Uint16Array(size);
      store.read(id, solution, halves);
      if (isWhole && stride === stored) widenHalf(halves.subarray(skipped * stored, size), target);
      else
        for (let t = 0; t < tokens; t++)
          for (const [i, layer] of layers.entries())
            widenPart(halves, (skipped + t) * stored + layer * part, part, target, t * stride + i * part);
      if (norm === undefined) return;
      for (let t = 0; t < tokens; t++)
        applyFinalNorm(target, t * stride, t * stride + layers.length * part, norm);
    },
  };
}

function widenPart(source: Uint16Array, from: number, count: number, target: Float32Array, to: number): void {
  const values = halfValues();
  for (let i = 0; i < count; i++) target[to + i] = values[source[from + i]!]!;
}
