import { describe, expect, test } from "vitest";
import { PrmBatcher, type BatcherLimits } from "#verifier/score/prm/batcher.js";
import { createLogProbAdapter } from "#verifier/score/prm/adapters/log-prob.js";
import type { TextStep } from "#verifier/score/prm/batch-work.js";
import {
  EMPTY_PATH,
  extendPath,
  FEATURE_COUNT,
  resultStart,
  stepFeatures,
} from "#verifier/score/prm/features.js";
import { type PrmHead, prmScore } from "#verifier/score/prm/head.js";
import type { PrmTokenizer } from "#verifier/score/prm/tokenizer.js";
import { tokenStats } from "#verifier/score/prm/token-stats.js";
import { createRng } from "#shared/rng.js";
import { fakeLanguageModel, fakeLogits } from "../../../../fakes/language-model.js";

const VOCABULARY = 128;
const LIMITS: BatcherLimits = { maxBatchTokens: 64, maxKvBytes: 1 << 20, maxWaitingSteps: 64 };

function randomHead(): PrmHead {
  const rng = createRng(3);
  const fill = (length: number): Float32Array => Float32Array.from({ length }, () => 0.3 * rng.normal());
  return {
    mean: fill(FEATURE_COUNT),
    std: new Float32Array(FEATURE_COUNT).fill(4),
    hiddenWeight: fill(5 * FEATURE_COUNT),
    hiddenBias: fill(5),
    outputWeight: fill(5),
    outputBias: 0.1,
  };
}

const head = randomHead();
/** A token is a character's code. */
const encode = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0)!);
const tokenizer: PrmTokenizer = {
  encodePrompt: encode,
  // "\u{100}" stands for what holds nothing to read.
  encodeStep: (text) => encode(text.replaceAll("\u{100}", "")),
  pieces: (ids) => ids.map((id) => String.fromCodePoint(id)),
};

function setUp(limits: Partial<BatcherLimits> = {}, contextLength?: number) {
  const model = fakeLanguageModel({
    vocabularySize: VOCABULARY,
    ...(contextLength ? { contextLength } : {}),
  });
  const adapter = createLogProbAdapter({ tokenizer, head, vocabularySize: VOCABULARY });
  return { model, batcher: new PrmBatcher(model, adapter, { ...LIMITS, ...limits }) };
}

const textOf = (tokenIds: readonly number[]): string => String.fromCodePoint(...tokenIds);

function step(nodeId: number, parentId: number, ...tokenIds: number[]): TextStep {
  return { nodeId, parentId, text: textOf(tokenIds) };
}

/** The slow way: the whole text again for every step, no cache. Scores of the steps of one path. */
function rescoreWholeText(prompt: readonly number[], path: readonly TextStep[]): number[] {
  const history = [...prompt];
  let stats = EMPTY_PATH;
  return path.map(({ text }) => {
    const ids = encode(text);
    const tokens = ids.map((id) => {
      const result = tokenStats(fakeLogits(history, VOCABULARY), id);
      history.push(id);
      return result;
    });
    stats = extendPath(stats, tokens);
    return prmScore(head, stepFeatures(tokens, resultStart(tokenizer.pieces(ids)), stats));
  });
}

describe("PRM batcher", () => {
  test("scores equal those of rescoring the whole text, along a chain and after forks", async () => {
    const { batcher } = setUp();
    const prompt = [1, 2, 3, 4];
    await batcher.open(7, textOf(prompt));
    const a = step(1, 0, 10, 11, 12);
    const b = step(2, 1, 20, 21);
    const c = step(3, 1, 20, 99, 5, 6, 7);
    const d = step(4, 3, 8);
    const first = await batcher.score(7, [a]);
    const [scoreB, scoreC] = await batcher.score(7, [b, c]);
    const last = await batcher.score(7, [d]);
    expect([...first, scoreB]).toBeAllclose(rescoreWholeText(prompt, [a, b]), { atol: 1e-6 });
    expect([...first, scoreC, ...last]).toBeAllclose(rescoreWholeText(prompt, [a, c, d]), { atol: 1e-6 });
  });

  test("steps of one call may hang below one another", async () => {
    const { batcher } = setUp();
    await batcher.open(1, textOf([5]));
    const chain = [step(1, 0, 3, 4), step(2, 1, 5), step(3, 2, 6, 7)];
    expect(await batcher.score(1, chain)).toBeAllclose(rescoreWholeText([5], chain), { atol: 1e-6 });
  });

  test("runs each token once: the prompt and the new tokens, nothing else", async () => {
    const { model, batcher } = setUp();
    await batcher.open(1, textOf([1, 2, 3]));
    await batcher.score(1, [step(1, 0, 4, 5), step(2, 0, 6, 7)]);
    await batcher.score(1, [step(3, 1, 8), step(4, 2, 9), step(5, 1, 10)]);
    expect(model.tokensRun()).toBe(3 + 4 + 3);
    expect(batcher.verifierTokens(1)).toBe(10);
  });

  test("puts waiting steps of all sessions into one batch", async () => {
    const { model, batcher } = setUp();
    await Promise.all([1, 2, 3].map((id) => batcher.open(id, textOf([id]))));
    const calls = [1, 2, 3].map((id) => batcher.score(id, [step(1, 0, 4, 5), step(2, 0, 6)]));
    const scores = await Promise.all(calls);
    expect(model.rounds.map((round) => round.length)).toEqual([6]);
    for (const [index, id] of [1, 2, 3].entries())
      expect(scores[index]![0]).toBeCloseTo(rescoreWholeText([id], [step(1, 0, 4, 5)])[0]!, 6);
  });

  test("a round never runs more tokens than its bound; a longer step runs in pieces", async () => {
    const { model, batcher } = setUp({ maxBatchTokens: 4 });
    await batcher.open(1, textOf([1]));
    const long = step(1, 0, ...Array.from({ length: 11 }, (_, index) => index + 2));
    const short = step(2, 0, 9, 8, 7);
    const [a, b] = await Promise.all([batcher.score(1, [long]), batcher.score(1, [short])]);
    expect(
      Math.max(...model.rounds.map((round) => round.reduce((n, { tokenIds }) => n + tokenIds.length, 0))),
    ).toBe(4);
    expect(a).toBeAllclose(rescoreWholeText([1], [long]), { atol: 1e-6 });
    expect(b).toBeAllclose(rescoreWholeText([1], [short]), { atol: 1e-6 });
    expect(model.liveRows()).toBe(0);
  });

  test("refuses an empty step and keeps none of its call", async () => {
    const { batcher } = setUp();
    await batcher.open(1, textOf([1]));
    await expect(batcher.score(1, [step(1, 0, 2), step(2, 0)])).rejects.toMatchObject({
      code: "invalid_argument",
    });
    await expect(batcher.score(1, [step(3, 1, 2)])).rejects.toMatchObject({ code: "not_found" });
  });

  test("a step that holds nothing to read runs nothing and has the score of the step before it", async () => {
    const { model, batcher } = setUp();
    await batcher.open(1, "ab");
    const steps = [
      { nodeId: 1, parentId: 0, text: "\u{100}" },
      step(2, 1, 7, 8),
      { nodeId: 3, parentId: 2, text: "\u{100}\u{100}" },
      step(4, 3, 9),
    ];
    const scores = await batcher.score(1, steps);
    const [first, second] = rescoreWholeText(encode("ab"), [step(2, 0, 7, 8), step(4, 2, 9)]);
    expect(scores).toBeAllclose([0.5, first!, first!, second!], { atol: 1e-6 });
    expect(model.tokensRun()).toBe(2 + 3);
    batcher.prune(1, [1]);
    batcher.close(1);
    expect(batcher.usedBytes).toBe(0);
  });

  test("refuses a path beyond the reader's context, naming both numbers", async () => {
    const { batcher } = setUp({}, 6);
    await batcher.open(1, textOf([1, 2, 3]));
    await batcher.score(1, [step(1, 0, 2, 3)]);
    await expect(batcher.score(1, [step(2, 1, 4, 5)])).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(/6 tokens, got 7/),
    });
  });

  test("refuses a problem beyond the reader's context as a bad argument", async () => {
    const { batcher } = setUp({}, 6);
    await expect(batcher.open(1, textOf([1, 2, 3, 4, 5, 6, 7]))).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(/6 tokens, got 7/),
      details: { reason: "PRM_CONTEXT_EXCEEDED", fieldViolations: [{ field: "problem" }] },
    });
    expect(batcher.sessionCount).toBe(0);
  });

  test("memory beyond the cap is resource_exhausted, and pruning gives it back", async () => {
    const perStep = 4 * VOCABULARY + 4 * 10;
    const { batcher } = setUp({ maxKvBytes: 4 * VOCABULARY + 4 + 2 * perStep + 50 });
    await batcher.open(1, textOf([1]));
    const tokens = Array.from({ length: 10 }, (_, index) => index);
    await batcher.score(1, [step(1, 0, ...tokens)]);
    await batcher.score(1, [step(2, 0, ...tokens)]);
    await expect(batcher.score(1, [step(3, 0, ...tokens)])).rejects.toMatchObject({
      code: "resource_exhausted",
      details: { retryAfterMs: expect.any(Number) },
    });
    batcher.prune(1, [1]);
    await expect(batcher.score(1, [step(3, 0, ...tokens)])).resolves.toHaveLength(1);
  });

  test("steps that do not fit beside each other run after each other", async () => {
    const { model, batcher } = setUp({ maxKvBytes: 8 * VOCABULARY * 4 });
    await batcher.open(1, textOf([1]));
    const tokens = Array.from({ length: 60 }, (_, index) => index);
    const calls = [1, 2, 3].map((id) => batcher.score(1, [step(id, 0, ...tokens)]));
    await Promise.all(calls);
    expect(model.rounds.length).toBeGreaterThan(1);
  });

  test("too many waiting steps are resource_exhausted", async () => {
    const { batcher } = setUp({ maxWaitingSteps: 2 });
    await batcher.open(1, textOf([1]));
    const steps = [1, 2, 3].map((id) => step(id, 0, id));
    await expect(batcher.score(1, steps)).rejects.toMatchObject({ code: "resource_exhausted" });
  });

  test("pruning and closing end what waits or runs, and free every byte", async () => {
    const { model, batcher } = setUp({ maxBatchTokens: 2 });
    await batcher.open(1, textOf([1]));
    await batcher.open(2, textOf([1]));
    const resume = model.pause();
    const running = batcher.score(1, [step(1, 0, 2, 3, 4)]);
    const waiting = batcher.score(2, [step(1, 0, 2)]);
    const ends = Promise.allSettled([running, waiting]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    batcher.prune(1, [1]);
    batcher.close(2);
    resume();
    for (const end of await ends)
      expect(end).toMatchObject({ status: "rejected", reason: { code: "cancelled" } });
    await expect(batcher.score(1, [step(2, 0, 5)])).resolves.toHaveLength(1);
    batcher.close(1);
    expect(model.liveRows()).toBe(0);
    expect(batcher.usedBytes).toBe(0);
  });

  test("a model that fails rejects the steps of that round and no others", async () => {
    const { model, batcher } = setUp();
    await batcher.open(1, textOf([1]));
    model.failNext(new Error("out of memory"));
    await expect(batcher.score(1, [step(1, 0, 2)])).rejects.toThrow("out of memory");
    await expect(batcher.score(1, [step(1, 0, 2)])).resolves.toHaveLength(1);
    expect(model.liveRows()).toBe(0);
  });

  test("random trees over several sessions agree with whole-text rescoring", async () => {
    const rng = createRng(11);
    const { model, batcher } = setUp({ maxBatchTokens: 13 });
    await Promise.all([1, 2].map((id) => batcher.open(id, textOf([id, id + 1]))));
    const steps = new Map<string, TextStep>();
    let fresh = 0;
    for (let round = 0; round < 12; round++) {
      await Promise.all(
        [1, 2].map(async (session) => {
          const parents = [...steps.keys()]
            .filter((key) => key.startsWith(`${session}/`))
            .map((key) => Number(key.slice(2)));
          const made = Array.from({ length: 1 + rng.int(3) }, (_, index) => {
            const parentId = rng.int(3) === 0 || parents.length === 0 ? 0 : parents[rng.int(parents.length)]!;
            const length = 1 + rng.int(20);
            return step(
              round * 10 + index + 1,
              parentId,
              ...Array.from({ length }, () => rng.int(VOCABULARY)),
            );
          });
          const scores = await batcher.score(session, made);
          for (const [index, one] of made.entries()) {
            steps.set(`${session}/${one.nodeId}`, one);
            fresh += one.text.length;
            const path: TextStep[] = [];
            for (let at: TextStep | undefined = one; at; at = steps.get(`${session}/${at.parentId}`))
              path.unshift(at);
            expect(scores[index]).toBeCloseTo(rescoreWholeText([session, session + 1], path).at(-1)!, 5);
          }
        }),
      );
    }
    expect(model.tokensRun()).toBe(fresh + 4);
  });
});
