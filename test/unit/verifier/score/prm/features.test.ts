import { describe, expect, test } from "vitest";
import { createRng } from "#shared/rng.js";
import {
  EMPTY_PATH,
  extendPath,
  FEATURE_NAMES,
  resultStart,
  stepFeatures,
} from "#verifier/score/prm/features.js";
import { prmLogit, prmScore } from "#verifier/score/prm/head.js";
import { tokenStats } from "#verifier/score/prm/token-stats.js";

describe("tokenStats", () => {
  test("two equal logits: log-prob and entropy are those of a coin", () => {
    expect(tokenStats([3, 3], 0)).toEqual({ logProb: -Math.LN2, entropy: Math.LN2 });
  });

  test("agrees with the definition on random rows, and survives large and forbidden logits", () => {
    const rng = createRng(5);
    for (let round = 0; round < 50; round++) {
      const logits = Array.from({ length: 20 }, () => 4 * rng.normal());
      const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
      const p = logits.map((z) => Math.exp(z) / total);
      const { logProb, entropy } = tokenStats(logits, 7);
      expect(logProb).toBeCloseTo(Math.log(p[7]!), 10);
      expect(entropy).toBeCloseTo(-p.reduce((sum, x) => sum + x * Math.log(x), 0), 10);
    }
    expect(tokenStats([1e4, -Infinity, 0], 0)).toEqual({ logProb: 0, entropy: 0 });
  });
});

describe("resultStart", () => {
  test.each<[string[], number]>([
    [["1", "+", "2", "=", "3", ";"], 4],
    [["1", "=", "1", ";", "2", "=", "2"], 6],
    [["1+2", "=3", ";"], 1],
    [["1", " =", " ", "3"], 2],
    [["no", "equation"], 0],
    [["1", "=", ";"], 0],
    [[], 0],
  ])("%j begins at %i", (pieces, index) => expect(resultStart(pieces)).toBe(index));
});

describe("stepFeatures", () => {
  test("hand-worked: two steps, every feature in its place", () => {
    const first = [
      { logProb: -1, entropy: 0.5 },
      { logProb: -0.25, entropy: 1.5 },
    ];
    const second = [
      { logProb: -3, entropy: 2 },
      { logProb: -0.5, entropy: 0 },
      { logProb: -1, entropy: 1 },
    ];
    const path = extendPath(extendPath(EMPTY_PATH, first), second);
    const features = Object.fromEntries(
      [...stepFeatures(second, 1, path)].map((x, i) => [FEATURE_NAMES[i], x]),
    );
    expect(features).toEqual({
      step_min_log_prob: -3,
      step_sum_log_prob: -4.5,
      step_mean_log_prob: -1.5,
      step_max_entropy: 2,
      step_mean_entropy: 1,
      result_min_log_prob: -1,
      path_sum_log_prob: -5.75,
      path_min_log_prob: -3,
      path_steps: 2,
    });
  });
});

describe("head", () => {
  const head = {
    mean: Float32Array.of(1, 0),
    std: Float32Array.of(2, 1),
    hiddenWeight: Float32Array.of(1, 0, 0.5, -1),
    hiddenBias: Float32Array.of(0, 0.25),
    outputWeight: Float32Array.of(2, -3),
    outputBias: 0.5,
  };

  test("hand-worked: standardise, tanh layer, logit", () => {
    // x = ((3 - 1) / 2, 4) = (1, 4); hidden = tanh(1), tanh(0.5 - 4 + 0.25)
    const logit = 0.5 + 2 * Math.tanh(1) - 3 * Math.tanh(-3.25);
    expect(prmLogit(head, [3, 4])).toBeCloseTo(logit, 6);
    expect(prmScore(head, [3, 4])).toBeCloseTo(1 / (1 + Math.exp(-logit)), 6);
  });

  test("a score stays inside (0, 1) however sure the head is", () => {
    const sure = { ...head, outputBias: 1e4 };
    expect(prmScore(sure, [3, 4])).toBeLessThan(1);
    expect(prmScore({ ...head, outputBias: -1e4 }, [3, 4])).toBeGreaterThan(0);
  });
});
