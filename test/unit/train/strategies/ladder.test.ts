import { describe, expect, test } from "vitest";
import { isClimbed, ladderOf } from "#train/strategies/ladder.js";
import { armOf } from "../../../fakes/solve-records.js";

const names = (strategy: string, smallest = 1000): string[] =>
  ladderOf(strategy, smallest).map(({ name }) => name);

describe("ladderOf()", () => {
  test("doubles candidates up to the verifier's limit", () => {
    expect(names("bon")).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256].map((n) => `bon@${n}`));
    expect(ladderOf("bon", 1000)[2]).toEqual({ strategy: "bon", name: "bon@4", n: 4 });
  });

  test.each(["beam", "dvts"])("%s begins with one path's children", (strategy) => {
    expect(ladderOf(strategy, 1000)[0]).toEqual({ strategy, name: `${strategy}@4`, n: 4, beamWidth: 4 });
    expect(names(strategy)).toHaveLength(7);
  });

  test("greedy has one arm", () => {
    expect(names("greedy")).toEqual(["greedy@1"]);
  });

  test("AUTO's caps are powers of two from 256, or from below the smallest budget", () => {
    expect(names("auto").slice(0, 3)).toEqual(["auto@256", "auto@512", "auto@1024"]);
    expect(names("auto", 200)[0]).toBe("auto@128");
    expect(names("auto", 5)[0]).toBe("auto@32");
    expect(ladderOf("auto", 1000)[1]).toEqual({ strategy: "auto", name: "auto@512", tokens: 512 });
  });
});

describe("isClimbed()", () => {
  const bon = ladderOf("bon", 1000);
  const auto = ladderOf("auto", 1000);
  const largest = { tokens: 100, flops: 1000, seconds: 0.1 };

  test("not before anything was measured, nor while one unit has budget left", () => {
    expect(isClimbed(bon, [], largest)).toBe(false);
    expect(isClimbed(bon, [armOf("bon@1", 100, [true])], { ...largest, seconds: 0.2 })).toBe(false);
  });

  test("once the last arm spends the largest budget in every unit", () => {
    expect(isClimbed(bon, [armOf("bon@1", 99, [true])], largest)).toBe(false);
    expect(isClimbed(bon, [armOf("bon@1", 100, [true])], largest)).toBe(true);
  });

  test("AUTO has arrived where a higher cap changes nothing, unless it was the cap that ended it", () => {
    const most = { tokens: 400, flops: 1e7, seconds: 1e3 };
    const arms = (...costs: number[]) => costs.map((cost, i) => armOf(auto[i]!.name, cost, [true]));
    expect(isClimbed(auto, arms(200, 400), most)).toBe(false);
    expect(isClimbed(auto, arms(250, 260), most)).toBe(false);
    expect(isClimbed(auto, arms(240, 250), most)).toBe(true);
    expect(isClimbed(auto, arms(200, 211), most)).toBe(false);
    // What costs the same under the smallest caps may cost more under those that the largest budget allows.
    expect(isClimbed(auto, arms(33, 33), { ...most, tokens: 600 })).toBe(false);
  });
});
