/**
 * How AUTO would have gone, from Solves that were made without it: its first samples are some of the pool, further
 * samples the next ones, subtrees of DVTS the next of those, and every other search the recorded Solve of its kind and
 * width. Votes are the search's own. Nothing here depends on a fit; what a fit says of a station is applied to it
 * afterwards.
 */
import { confidenceFeatures } from "#verifier/plan/calibration/features.js";
import { isScored, isStepSearch } from "#verifier/search/strategies.js";
import type { StrategyName } from "#verifier/search/types.js";
import { tally } from "#verifier/search/vote.js";
import { type Action, MOST_FIRST_SAMPLES } from "./actions.js";
import { type Layout, nameOf, type SearchSpec } from "./layout.js";
import {
  costOf,
  type Observation,
  type Part,
  samplesOf,
  subtreesOf,
  toVoters,
  unreadOf,
  wholeOf,
} from "./observation.js";

/** Where a search could stop. */
export interface Station {
  readonly correct: boolean;
  /** Of both models, up to here. */
  readonly tokens: number;
  /** What the calibrated confidence is made of; undefined where there is no answer. */
  readonly features: ReturnType<typeof confidenceFeatures>;
  /** The confidence of the vote itself. */
  readonly rawConfidence: number;
}

/** What the strategy would answer, from a Solve that has come so far. */
export function stationOf(observation: Observation, part: Part, strategy: StrategyName): Station {
  const { candidates } = part;
  const voters = toVoters(candidates);
  const isWeighed = isScored(strategy);
  const outcome = tally(voters, isWeighed ? "weighted" : "majority", 0);
  return {
    correct: outcome.winner !== undefined && candidates[outcome.winner.nodeId]!.correct,
    tokens: costOf(observation, part),
    features: confidenceFeatures(outcome, voters, { isStepSearch: isStepSearch(strategy), isWeighed }),
    rawConfidence: outcome.confidence,
  };
}

/** Replays of one problem: others would have drawn other samples first. */
export const ROTATIONS = 4;

export interface Start {
  /** 0: none. */
  readonly firstSamples: number;
  readonly rotation: number;
}

/** The first samples of a replay. Of replay 0 they are the pool's first. */
export function firstOf(
  observation: Observation,
  { samples }: Layout,
  { firstSamples, rotation }: Start,
): Part {
  return samplesOf(observation, samples, firstSample(samples, rotation), firstSamples);
}

/** In whole handfuls. */
export const firstSample = (samples: number, rotation: number): number =>
  MOST_FIRST_SAMPLES * Math.floor((rotation * samples) / (MOST_FIRST_SAMPLES * ROTATIONS));

/** One station after the first samples, if there are any, and one after each run. */
export function replay(observation: Observation, layout: Layout, action: Action, start: Start): Station[] {
  let part = firstOf(observation, layout, start);
  const stations = start.firstSamples === 0 ? [] : [stationOf(observation, part, "best_of_n")];
  let drawn = 0;
  for (const run of action.runs) {
    part = joined(part, runOf(observation, layout, action, { ...start, run, drawn }));
    drawn += run;
    stations.push(stationOf(observation, part, action.strategy));
  }
  return stations;
}

const joined = (first: Part, next: Part): Part => ({
  candidates: [...first.candidates, ...next.candidates],
  generatedTokens: first.generatedTokens + next.generatedTokens,
  verifierTokens: first.verifierTokens + next.verifierTokens,
});

interface Run extends Start {
  readonly run: number;
  /** By the runs before it. */
  readonly drawn: number;
}

function runOf(
  observation: Observation,
  layout: Layout,
  { strategy, beamWidth }: Action,
  { firstSamples, rotation, run, drawn }: Run,
): Part {
  const { samples, searches } = layout;
  if (strategy === "greedy") return wholeOf(observation.greedy);
  if (strategy === "best_of_n" || strategy === "majority") {
    const from = firstSample(samples, rotation) + firstSamples + drawn;
    const part = samplesOf(observation, samples, from, run);
    return isScored(strategy) ? part : unreadOf(part);
  }
  if (strategy !== "dvts") return wholeOf(recordOf(observation, { strategy, n: run, beamWidth }));
  const widest = searches.find((search) => search.strategy === strategy)!;
  const subtrees = widest.n / beamWidth;
  const from = (firstSubtree(subtrees, rotation) + drawn / beamWidth) % subtrees;
  return subtreesOf(recordOf(observation, widest), subtrees, from, run / beamWidth);
}

export const firstSubtree = (subtrees: number, rotation: number): number =>
  Math.floor((rotation * subtrees) / ROTATIONS);

export const recordOf = ({ searches }: Observation, search: SearchSpec) => searches.get(nameOf(search))!;
