import { describe, expect, test } from "vitest";
import { joinSteps } from "#cli/client/completions.js";
import { toSolveRequest } from "#cli/client/solve-request.js";
import { fromWord, toWord } from "#cli/client/words.js";
import { STRATEGIES, VERIFIERS } from "#cli/parse/words.js";

test("words and enum values are each other's inverse", () => {
  for (const word of STRATEGIES) expect(toWord("strategy", fromWord("strategy", word))).toBe(word);
  for (const word of VERIFIERS) expect(toWord("verifier", fromWord("verifier", word))).toBe(word);
  expect(fromWord("strategy", "bon")).toBe("STRATEGY_BEST_OF_N");
  expect(fromWord("strategy", "early-rejection")).toBe("STRATEGY_EARLY_REJECTION");
  expect(fromWord("strategy", "particle-filtering")).toBe("STRATEGY_PARTICLE_FILTERING");
  expect(fromWord("verifier", "rank")).toBe("VERIFIER_RANK_FUSION");
  expect(fromWord("aggregation", "last")).toBe("SCORE_AGGREGATION_LAST");
  expect(toWord("finishReason", "FINISH_REASON_EOS")).toBe("eos");
  expect(toWord("stopReason", "STOP_REASON_BUDGET")).toBe("budget");
});

describe("a SolveRequest", () => {
  test("leaves unset what was not asked for", () => {
    expect(toSolveRequest("p", {})).toEqual({ problem: "p", sampling: {}, budget: {} });
  });
  test("carries every flag", () => {
    const flags = {
      strategy: "bon",
      n: 8,
      beamWidth: 2,
      verifier: "swift",
      aggregation: "min",
      vote: "max",
      seed: 7,
      budget: 20_000,
      timeoutMs: 1_500,
      temperature: 0,
      topK: 5,
      topP: 0.9,
      minP: 0.1,
      repetitionPenalty: 1.1,
      stop: ["\n\n"],
    } as const;
    expect(toSolveRequest("p", flags)).toEqual({
      problem: "p",
      strategy: "STRATEGY_BEST_OF_N",
      n: 8,
      beamWidth: 2,
      verifier: "VERIFIER_SWIFT",
      aggregation: "SCORE_AGGREGATION_MIN",
      vote: "VOTE_MAX",
      seed: 7,
      budget: { generatedTokens: 20_000, wallTime: { seconds: 1, nanos: 500_000_000 } },
      sampling: { temperature: 0, topK: 5, topP: 0.9, minP: 0.1, repetitionPenalty: 1.1, stop: ["\n\n"] },
    });
  });
});

test("steps of one candidate are joined along its path, whatever order they arrived in", () => {
  const step = (nodeId: number, parentId: number, childIndex: number, finishReason: string) =>
    ({
      nodeId,
      parentId,
      childIndex,
      text: `<${nodeId}>`,
      tokenIds: [nodeId],
      logProbs: [-nodeId],
      finishReason,
    }) as never;
  const steps = [
    step(1, 0, 1, "FINISH_REASON_STEP"),
    step(2, 0, 0, "FINISH_REASON_STEP"),
    step(3, 1, 0, "FINISH_REASON_LENGTH"),
    step(4, 2, 0, "FINISH_REASON_STEP"),
    step(5, 4, 0, "FINISH_REASON_EOS"),
  ];
  const common = { event: "completion", prompt_token_ids: [9] };
  expect(joinSteps([9], steps)).toEqual([
    { ...common, token_ids: [2, 4, 5], logprobs: [-2, -4, -5], text: "<2><4><5>", finish_reason: "eos" },
    { ...common, token_ids: [1, 3], logprobs: [-1, -3], text: "<1><3>", finish_reason: "length" },
  ]);
});
