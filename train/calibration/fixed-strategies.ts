/** What a caller could ask for instead of AUTO: every strategy at every size that the recorded Solves tell of. */
import { mean } from "#shared/stats.js";
import type { StrategyName } from "#verifier/search/types.js";
import type { Arm } from "../strategies/arm.js";
import { type Layout, nameOf, type SearchSpec, sizesUpTo } from "./layout.js";
import { type Observation, type Part, samplesOf, subtreesOf, unreadOf, wholeOf } from "./observation.js";
import { firstSample, firstSubtree, recordOf, type Station, stationOf } from "./replay.js";

export interface FixedArm {
  readonly strategy: StrategyName;
  readonly n: number;
  /** As AUTO's replays: with other samples, or subtrees, in each. */
  readonly of: (observation: Observation, rotation: number) => Station;
}

/** By strategy, from the narrowest on. */
export function fixedArms(layout: Layout): FixedArm[] {
  const { samples, searches } = layout;
  const sizes = sizesUpTo(1, samples);
  const poolOf = (observation: Observation, n: number, rotation: number): Part =>
    samplesOf(observation, samples, firstSample(samples, rotation), n);
  return [
    {
      strategy: "greedy",
      n: 1,
      of: (observation) => stationOf(observation, wholeOf(observation.greedy), "greedy"),
    },
    ...sizes.map((n) => ({
      strategy: "majority" as const,
      n,
      of: (observation: Observation, rotation: number) =>
        stationOf(observation, unreadOf(poolOf(observation, n, rotation)), "majority"),
    })),
    ...sizes.map((n) => ({
      strategy: "best_of_n" as const,
      n,
      of: (observation: Observation, rotation: number) =>
        stationOf(observation, poolOf(observation, n, rotation), "best_of_n"),
    })),
    ...searches.flatMap(searchArms),
  ];
}

function searchArms(search: SearchSpec): FixedArm[] {
  const { strategy, n: widest, beamWidth } = search;
  const whole = (observation: Observation): Station =>
    stationOf(observation, wholeOf(recordOf(observation, search)), strategy);
  if (strategy !== "dvts") return [{ strategy, n: widest, of: whole }];
  const subtrees = widest / beamWidth;
  return sizesUpTo(beamWidth, widest).map((n) => ({
    strategy,
    n,
    of: (observation, rotation) => {
      const from = firstSubtree(subtrees, rotation);
      const part = subtreesOf(recordOf(observation, search), subtrees, from, n / beamWidth);
      return stationOf(observation, part, strategy);
    },
  }));
}

export interface MeasuredArm extends Pick<FixedArm, "strategy" | "n"> {
  readonly arm: Arm;
}

export function measureArm(
  { strategy, n }: FixedArm,
  ids: readonly string[],
  /** By problem, by replay. */
  stations: readonly (readonly Station[])[],
): MeasuredArm {
  const tokens = mean(stations.flat().map((station) => station.tokens));
  const arm = {
    strategy,
    name: nameOf({ strategy, n, beamWidth: 1 }),
    solves: [],
    // Parts of a Solve are priced in tokens alone.
    cost: { tokens, flops: Number.NaN, seconds: Number.NaN },
    accuracy: new Map(ids.map((id, i) => [id, mean(stations[i]!.map(({ correct }) => Number(correct)))])),
  };
  return { strategy, n, arm };
}
