import { expect, suite, test } from "vitest";
import { createRng } from "#shared/rng.js";
import { auc } from "#shared/stats.js";
import { type Example, type ExampleSource, memorySource } from "#train/swift/example-source.js";
import { forward } from "#train/swift/head-gradient.js";
import { LOSS, LOSSES } from "#train/swift/losses.js";
import { splitProblems } from "#train/swift/split.js";
import { HEAD_DEFAULTS, rateFor, type SwiftTrained, trainSwiftHead } from "#train/swift/train-head.js";

const WIDTH = 6;
const TOKENS = 4;
const options = { ...HEAD_DEFAULTS, learningRate: 2e-2, weightDecay: 0, seed: 3 };

/** What tells right from wrong stands in number 0 of the last token; number 1 is the problem's own, and large. */
function example(correct: boolean, problem: number, i: number): Example & { readonly states: Float32Array } {
  const rng = createRng(1, "example", problem, i);
  const states = Float32Array.from({ length: TOKENS * WIDTH }, (_, at) =>
    at % WIDTH === 1 ? 50 + problem : rng.normal(),
  );
  states[(TOKENS - 1) * WIDTH] = correct ? 8 : -8;
  return { problem, correct, tokens: TOKENS, states };
}

const sourceOf = (examples: ReturnType<typeof example>[]): ExampleSource =>
  memorySource(examples, { width: WIDTH, scalars: 0 });

const solutions = (problems: number, from = 0) =>
  Array.from({ length: 4 * problems }, (_, i) => example(i % 2 === 0, from + (i >> 2), i));

/** R under the head that came out, over raw features. */
function rewardOf({ gate, reward }: SwiftTrained, states: Float32Array): number {
  const wide = (row: typeof reward) => ({
    weights: Float64Array.from([...row.weights, ...row.scalars]),
    bias: row.bias,
  });
  return forward({ gate: gate && wide(gate), reward: wide(reward) }, states, TOKENS).reward;
}

suite("trainSwiftHead refuses", () => {
  const cases: readonly (readonly [name: string, examples: ReturnType<typeof example>[], message: RegExp])[] =
    [
      ["one problem", solutions(1), /at least two problems with labelled solutions, got 1/],
      [
        "one label",
        [0, 1, 2].map((problem) => example(true, problem, 0)),
        /right and wrong solutions to train on, got 3 right of 3/,
      ],
      [
        "a solution without tokens",
        [...solutions(3), { ...example(true, 9, 0), tokens: 0 }],
        /tokens in every solution, got none in one of problem 9/,
      ],
    ];
  test.each(cases)("%s", async (_, examples, message) => {
    const training = trainSwiftHead(sourceOf(examples), options);
    await expect(training).rejects.toThrow(message);
    await expect(training).rejects.toMatchObject({ code: "failed_precondition" });
  });

  test.each([true, false])("features that are not finite, normalize %s", async (normalize) => {
    const examples = solutions(10);
    for (const { states } of examples) states[3] = Number.NaN;
    await expect(trainSwiftHead(sourceOf(examples), { ...options, normalize })).rejects.toThrow(
      /features and weights must be finite, but the reward of a solution of training problem \d+ is NaN/,
    );
  });

  test("a loss that compares when no problem has both labels", async () => {
    const examples = [0, 1, 2, 3].flatMap((problem) =>
      [0, 1].map((i) => example(problem % 2 === 0, problem, i)),
    );
    await expect(trainSwiftHead(sourceOf(examples), { ...options, loss: "dpo" })).rejects.toThrow(
      /two problems with right and wrong solutions each for a loss that compares them, got 0/,
    );
  });
});

suite("trainSwiftHead", () => {
  test.each(LOSSES)("tells right from wrong on problems it never saw: %s", async (loss) => {
    const trained = await trainSwiftHead(sourceOf(solutions(40)), { ...options, loss });
    const fresh = solutions(20, 100);
    const rewards = fresh.map(({ states }) => rewardOf(trained, states));
    expect(
      auc(
        rewards,
        fresh.map(({ correct }) => correct),
      ),
    ).toBeGreaterThan(0.95);
    expect(trained.validationAucWithin).toBeGreaterThan(0.95);
  });

  test("without a gate has no gate's row, and learns all the same", async () => {
    const trained = await trainSwiftHead(sourceOf(solutions(40)), { ...options, gated: false });
    expect(trained.gate).toBeUndefined();
    expect(trained.validationAuc).toBeGreaterThan(0.9);
  });

  test("splits by problem: one in five validates", async () => {
    const trained = await trainSwiftHead(sourceOf(solutions(41)), options);
    expect([trained.trainingProblems, trained.validationProblems]).toEqual([33, 8]);
  });

  test("keeps the weights of the best epoch, and stops when patience is over", async () => {
    const losses: number[] = [];
    // Labels by chance: the training loss falls, the validation loss soon rises.
    const rng = createRng(8);
    const examples = solutions(30).map((each) => ({ ...each, correct: rng.next() < 0.5 }));
    for (const { states } of examples) states[(TOKENS - 1) * WIDTH] = 0;
    const patient = { ...options, patience: 3, learningRate: 5e-2 };
    const trained = await trainSwiftHead(sourceOf(examples), patient, undefined, ({ validationLoss }) =>
      losses.push(validationLoss),
    );
    expect(trained.validationLoss).toBe(Math.min(...losses));
    expect(losses[trained.bestEpoch - 1]).toBe(trained.validationLoss);
    expect(losses).toHaveLength(trained.bestEpoch + 3);
  });

  test("is the same for the same seed, and another for another", async () => {
    const source = sourceOf(solutions(20));
    const [a, b, c] = [
      await trainSwiftHead(source, options),
      await trainSwiftHead(source, options),
      await trainSwiftHead(source, { ...options, seed: 4 }),
    ];
    expect(a).toEqual(b);
    expect([...a.reward.weights]).not.toEqual([...c.reward.weights]);
  });

  test("standardised training equals training on standardised features", async () => {
    const examples = solutions(20);
    const source = sourceOf(examples);
    const folded = await trainSwiftHead(source, { ...options, maxEpochs: 3 });
    // The slow way: moments over the training problems, which the split by the same seed tells.
    const { training } = splitProblems(source, LOSS.bce, options.seed);
    const tokens = examples
      .filter(({ problem }) => training.has(problem))
      .flatMap(({ states }) =>
        Array.from({ length: TOKENS }, (_, t) => states.subarray(t * WIDTH, (t + 1) * WIDTH)),
      );
    const column = (i: number): number[] => tokens.map((token) => token[i]!);
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const means = Array.from({ length: WIDTH }, (_, i) => mean(column(i)));
    const deviations = means.map((m, i) => Math.sqrt(mean(column(i).map((value) => (value - m) ** 2))));
    const standardised = examples.map((each) => ({
      ...each,
      states: each.states.map((value, at) => (value - means[at % WIDTH]!) / deviations[at % WIDTH]!),
    }));
    const slow = await trainSwiftHead(sourceOf(standardised), { ...options, maxEpochs: 3, normalize: false });
    const [fast, want] = [
      examples.map(({ states }) => rewardOf(folded, states)),
      standardised.map(({ states }) => rewardOf(slow, states)),
    ];
    expect(fast).toBeAllclose(want, { atol: 1e-4 });
  });

  test("unless told, learns wide states at a smaller rate, and better for it", async () => {
    const width = 8000;
    // As in a real model, few things stand behind many numbers; one of them is a hint at the truth.
    const causes = 16;
    const loadings = Float32Array.from(
      { length: causes * width },
      (
        (rng) => () =>
          rng.normal()
      )(createRng(2)),
    );
    const examples = solutions(20).map((each, i) => {
      const rng = createRng(2, i);
      const values = Array.from({ length: causes }, () => rng.normal());
      values[0]! += each.correct ? 1 : -1;
      const state = Array.from({ length: width }, (_, at) =>
        values.reduce((sum, value, cause) => sum + value * loadings[cause * width + at]!, 0),
      );
      return { ...each, tokens: 1, states: Float32Array.from(state) };
    });
    const source = memorySource(examples, { width, scalars: 0 });
    const untold = { ...HEAD_DEFAULTS, seed: 3 };
    const trained = await trainSwiftHead(source, untold);
    const fast = await trainSwiftHead(source, { ...untold, learningRate: rateFor(1) });
    expect([trained.learningRate, fast.learningRate]).toEqual([1e-3 * (1500 / width), 1e-3]);
    // Learnt by heart at once.
    expect(fast.bestEpoch).toBe(1);
    expect(trained.validationLoss).toBeLessThan(0.9 * fast.validationLoss);
  });

  test("scalars come back as scalars", async () => {
    const source = { ...sourceOf(solutions(20)), scalars: 3 };
    const { gate, reward } = await trainSwiftHead(source, options);
    for (const row of [gate!, reward]) expect([row.weights.length, row.scalars.length]).toEqual([3, 3]);
  });

  test("ends with the signal's reason", async () => {
    const stopped = AbortSignal.abort(new Error("Ctrl-C"));
    await expect(trainSwiftHead(sourceOf(solutions(20)), options, stopped)).rejects.toThrow("Ctrl-C");
  });
});
