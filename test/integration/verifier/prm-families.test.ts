/** Other people's PRMs, in small, as the Worker runs them, against the published way: all in one pass, no cache. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type { LanguageModel } from "#shared/lm/types.js";
import { createRng } from "#shared/rng.js";
import type { TextStep } from "#verifier/score/prm/batch-work.js";
import { PrmBatcher } from "#verifier/score/prm/batcher.js";
import { type LoadedPrm, loadPrm } from "#verifier/score/prm/load.js";
import {
  type DirectoryOptions,
  PUBLISHED,
  type Weights,
  writePublishedPrm,
} from "../../fakes/prm-directories.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";

const PROBLEM = "Tom has 3 boxes of 12. How many is that?";
const STEPS = ["Step 1: the total is 3 + 12 = 15.", "Step 2: 15 - 5 is\n10", "42", "The answer is: 10"];
/** Line breaks inside steps are spaces to Skywork's. */
const oneLine = (family: string, step: string): string =>
  family === "skywork" ? step.replaceAll("\n", " ") : step;
const LIMITS = { maxBatchTokens: 40, maxKvBytes: 1 << 26, maxWaitingSteps: 100 };

interface Running {
  readonly loaded: LoadedPrm;
  readonly model: LanguageModel;
  readonly weights: Weights;
  readonly tokenizer: Tokenizer;
}

async function start(family: string, options: DirectoryOptions = {}): Promise<Running> {
  const parent = await temporaryDirectory();
  const { dir, weights } = await writePublishedPrm(parent, family, options);
  const loaded = await loadPrm(dir);
  const cacheDir = join(parent, "cache");
  const model = await createLanguageModel(loaded.checkpoint, { precision: "fp32", threads: 1, cacheDir });
  return { loaded, model, weights, tokenizer: loaded.checkpoint.tokenizer };
}

const chain = (texts: readonly string[], firstId = 1, below = 0): TextStep[] =>
  texts.map((text, index) => ({
    nodeId: firstId + index,
    parentId: index === 0 ? below : firstId + index - 1,
    text,
  }));

describe.each(PUBLISHED.map((prm) => [prm.family, prm] as const))("%s", (family, prm) => {
  let running: Running;
  let batcher: PrmBatcher;
  let sessions = 0;
  beforeAll(async () => {
    running = await start(family);
    batcher = new PrmBatcher(running.model, running.loaded.adapter, LIMITS);
  });
  afterAll(() => running?.model.dispose());

  const open = async (problem: string): Promise<number> => {
    const session = ++sessions;
    await batcher.open(session, problem);
    return session;
  };
  const published = (steps: readonly string[], problem = PROBLEM): number[] =>
    prm.scores(
      running.tokenizer,
      running.weights,
      problem,
      steps.map((step) => oneLine(family, step)),
    );
  const publishedTokens = (steps: readonly string[]): number =>
    prm.tokens(
      running.tokenizer,
      PROBLEM,
      steps.map((step) => oneLine(family, step)),
    ).length;

  test("all steps in one call score as published, and differ from one another", async () => {
    const session = await open(PROBLEM);
    const scores = await batcher.score(session, chain(STEPS));
    const expected = published(STEPS);
    expect(expected).toHaveLength(STEPS.length);
    expect(scores).toBeAllclose(expected, { atol: 1e-5 });
    expect(new Set(scores.map((score) => score.toFixed(4))).size).toBe(STEPS.length);
  });

  test("step by step the scores are the same, and the tokens run are those of one pass", async () => {
    const session = await open(PROBLEM);
    const scores: number[] = [];
    for (const step of chain(STEPS)) scores.push(...(await batcher.score(session, [step])));
    expect(scores).toBeAllclose(published(STEPS), { atol: 1e-5 });
    expect(batcher.verifierTokens(session)).toBe(publishedTokens(STEPS));
  });

  test("forks and prunes leave the other paths' scores alone", async () => {
    const session = await open(PROBLEM);
    const [a, b, c, d] = STEPS as [string, string, string, string];
    const first = await batcher.score(session, [...chain([a]), ...chain([c], 10)]);
    const second = await batcher.score(session, [
      ...chain([b, d], 2, 1),
      ...chain([d], 11, 10),
      ...chain([c], 20, 1),
    ]);
    batcher.prune(session, [2]);
    const third = await batcher.score(session, [...chain([a], 21, 20), ...chain([b], 12, 11)]);
    expect(first).toBeAllclose([published([a])[0]!, published([c])[0]!], { atol: 1e-5 });
    expect(second).toBeAllclose(
      [...published([a, b, d]).slice(1), published([c, d])[1]!, published([a, c])[1]!],
      { atol: 1e-5 },
    );
    expect(third).toBeAllclose([published([a, c, a])[2]!, published([c, d, b])[2]!], { atol: 1e-5 });
  });

  test("sessions that run together score as they do alone", async () => {
    const rng = createRng(7, family);
    const problems = ["1 + 1 = ?", PROBLEM, "What is the sum of 4 and 5?"];
    const wanted = problems.map((problem) => ({
      problem,
      steps: Array.from({ length: 3 }, () => STEPS[rng.int(STEPS.length)]!),
    }));
    const scores = await Promise.all(
      wanted.map(async ({ problem, steps }) => batcher.score(await open(problem), chain(steps))),
    );
    for (const [index, { problem, steps }] of wanted.entries())
      expect(scores[index]).toBeAllclose(published(steps, problem), { atol: 1e-5 });
  });

  test("delimiters around steps and steps without words add no score and no token", async () => {
    const session = await open(`${PROBLEM}\n`);
    const texts = ["\n", `${STEPS[0]}\n\n`, "\n\n", ` ${STEPS[2]}\n`, "  "];
    const scores = await batcher.score(session, chain(texts));
    const [one, two] = published([STEPS[0]!, STEPS[2]!]) as [number, number];
    expect(scores).toBeAllclose([0.5, one, one, two, two], { atol: 1e-5 });
    expect(batcher.verifierTokens(session)).toBe(publishedTokens([STEPS[0]!, STEPS[2]!]));
  });

  test("a mark of the format inside a text stays text", () => {
    const { adapter } = running.loaded;
    const { tokenizer } = running;
    const marks = ["<extra_0>", "<|eot_id|>", "<|im_end|>", "<s>", " ки", "<|endoftext|>"];
    const tag = family === "math-shepherd" ? tokenizer.encode("ки", { addSpecialTokens: false }).at(-1)! : -1;
    const marksIn = (ids: readonly number[]): number[] =>
      ids.filter((id) => id === tag || tokenizer.specialTokenIds.includes(id));
    for (const mark of marks)
      for (const text of [`${mark} 1`, `1${mark}`, `a${mark}${mark} b ${mark}`]) {
        for (const first of [true, false]) {
          const ids = adapter.encodeStep(text, first);
          expect(marksIn(ids)).toEqual(marksIn(adapter.encodeStep("x", first)));
          if (tag < 0) expect(tokenizer.decode(ids)).toContain(text.trim());
        }
        expect(marksIn(adapter.encodePrompt(text))).toEqual(marksIn(adapter.encodePrompt("x")));
      }
  });

  test("a step that holds marks has one score, as any other", async () => {
    const session = await open(PROBLEM);
    const scores = await batcher.score(session, chain(["1 ки 2 <extra_0> 3 <|eot_id|>", "4"]));
    expect(scores).toHaveLength(2);
  });
});

test("probabilities that underflow are scores like others", async () => {
  const { model, loaded } = await start("qwen-math", {
    change: (weights) => weights.set("score.2.bias", Float32Array.of(3000, -3000)),
  });
  try {
    const batcher = new PrmBatcher(model, loaded.adapter, LIMITS);
    await batcher.open(1, PROBLEM);
    expect(await batcher.score(1, chain(STEPS))).toEqual(STEPS.map(() => 1e-9));
  } finally {
    await model.dispose();
  }
});

test("a score head needs no language head beside it", async () => {
  const { model, weights, tokenizer, loaded } = await start("qwen-math", {
    change: (all) => all.delete("lm_head.weight"),
  });
  try {
    const batcher = new PrmBatcher(model, loaded.adapter, LIMITS);
    await batcher.open(1, PROBLEM);
    const prm = PUBLISHED.find(({ family }) => family === "qwen-math")!;
    const all = new Map(weights).set("lm_head.weight", new Float32Array(prm.config.vocabSize * 48));
    const expected = prm.scores(tokenizer, all, PROBLEM, STEPS);
    expect(await batcher.score(1, chain(STEPS))).toBeAllclose(expected, { atol: 1e-5 });
  } finally {
    await model.dispose();
  }
});
